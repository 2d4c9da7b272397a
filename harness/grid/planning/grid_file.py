"""A grid in a file: what the options of `bench run` say, in a YAML that can be kept, with exclusions and overrides."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from harness.catalog import YamlFile, parse
from harness.errors import BenchError
from harness.types import Declared

Names = str | tuple[str, ...]
Count = Annotated[int, Field(ge=1)]


def _size(value: object) -> object:
    """
    Raises:
        ValueError: it is no training size.
    """
    if value != "all" and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise ValueError(f"a training size is a whole number above 0, or all, not {value!r}")
    return value


TrainSize = Annotated[int | str, BeforeValidator(_size)]


class _Some(Declared):
    """Some cells of the grid. `place` is where they were named, for messages."""

    _place: str = PrivateAttr("")

    @property
    def place(self) -> str:
        """Such as "grid.yaml:7: exclude[0]"."""
        return self._place

    def named_at(self, place: str) -> Self:
        """The same, with its place."""
        self._place = place
        return self

    def names(self) -> Iterator[tuple[str, object]]:
        """Every field that is given, with each of its values."""
        for field in ("task", "model", "strategy", "train_size", "seed"):
            value = getattr(self, field, None)
            yield from ((field, one) for one in (() if value is None else _several(value)))

    def fits(self, cell: Mapping[str, Collection[object]]) -> bool:
        """Whether a cell is meant; it is given by all the names that each of its fields goes by."""
        wanted: dict[str, list[object]] = {}
        for field, value in self.names():
            wanted.setdefault(field, []).append(value)
        return all(any(value in cell[field] for value in values) for field, values in wanted.items())


class Where(_Some):
    """Cells, by what they are: every field that is given must fit, and one of several values is enough."""

    task: Names | None = None
    model: Names | None = None
    strategy: Names | None = None
    train_size: TrainSize | tuple[TrainSize, ...] | None = None
    seed: int | tuple[int, ...] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Where:
        if all(value is None for value in self.__dict__.values()):
            raise ValueError("name a task, model, strategy, train_size or seed")
        return self


class Override(_Some):
    """Other values for the strategy of some cells, named as in `lora:r=8`."""

    task: Names | None = None
    model: Names | None = None
    strategy: Names | None = None
    set: Annotated[Mapping[str, Any], Field(min_length=1)]


class GridFile(Declared):
    """A grid: tasks × models × strategies × training sizes × seeds."""

    tasks: Names
    models: Names = "tiny"
    strategies: Names
    seeds: Annotated[int, Field(ge=1, le=100)] = 1
    train_sizes: TrainSize | tuple[TrainSize, ...] = ()
    base: bool = True
    limit: Count | None = None
    epochs: Annotated[float, Field(gt=0, le=1000)] | None = None
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    price: Annotated[float, Field(ge=0)] | None = None
    exclude: Where | tuple[Where, ...] = ()
    override: Override | tuple[Override, ...] = ()


def read_grid(path: Path) -> dict[str, Any]:
    """The fields of a `Request` that a grid file gives. Paths of tasks, models and strategies are relative to the file.

    Raises:
        BenchError: with every problem of the file and its line.
    """
    file = YamlFile(path, str(path))
    grid, problems = parse(file, file.values, GridFile)
    if grid is None:
        raise BenchError(file.in_order(problems))
    given = grid.model_dump(exclude={"exclude", "override"})
    for what in ("exclude", "override"):
        several = isinstance(getattr(grid, what), tuple)
        places = [(what, i) if several else (what,) for i, _ in enumerate(_several(getattr(grid, what)))]
        given[what] = tuple(one.named_at(file.place(loc)) for one, loc in zip(_several(getattr(grid, what)), places, strict=True))
    folder = path.parent
    given["tasks"] = tuple(_beside(name, folder) for name in _several(grid.tasks))
    given["strategies"] = tuple(_beside(name, folder) for name in _several(grid.strategies))
    given["models"] = tuple(str(folder / name) if (folder / name).exists() else name for name in _several(grid.models))
    given["train_sizes"] = tuple(str(size) for size in _several(grid.train_sizes))
    return given


def _several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _beside(name: str, folder: Path) -> str:
    """A file named in a grid lies beside it; a name of the catalog stays one."""
    path, colon, values = name.partition(":")
    return f"{folder / path}{colon}{values}" if path.endswith((".yaml", ".yml")) else name
