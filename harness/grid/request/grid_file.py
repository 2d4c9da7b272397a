"""A grid in a file: the options of `bench run` in a YAML file that can be kept, with exclusions and overrides."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from harness.catalog import YamlFile, parse
from harness.errors import BenchError
from harness.grid.request.cell_selectors import Exclusion, Names, Override, TrainSize, as_tuple
from harness.types import MOST_CANARIES, MOST_OUTPUTS_A_MONTH, Declared, SearchSpec


class GridFile(Declared):
    """A grid: tasks × models × strategies × training sizes × seeds. The fields mean what they mean in a `Request`."""

    tasks: Names
    models: Names = "tiny"
    strategies: Names
    seeds: Annotated[int, Field(ge=1, le=100)] = 1
    train_sizes: TrainSize | tuple[TrainSize, ...] = ()
    base: bool = True
    limit: Annotated[int, Field(ge=1)] | None = None
    epochs: Annotated[float, Field(gt=0, le=1000)] | None = None
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    price: Annotated[float, Field(ge=0)] | None = None
    canaries: Annotated[int, Field(ge=0, le=MOST_CANARIES)] | None = None
    volume: Annotated[int, Field(ge=1, le=MOST_OUTPUTS_A_MONTH)] | None = None
    search: SearchSpec | None = None
    race: Annotated[float, Field(gt=0, lt=0.5)] | None = None
    exclude: Exclusion | tuple[Exclusion, ...] = ()
    override: Override | tuple[Override, ...] = ()


def read_grid(path: Path) -> dict[str, Any]:
    """Read the fields of a `Request` from a grid file. Paths of tasks, models and strategies are relative to the file.

    Raises:
        BenchError: with every problem of the file and its line.
    """
    file = YamlFile(path, str(path))
    grid, problems = parse(file, file.values, GridFile)
    if grid is None:
        raise BenchError(file.in_order(problems))
    folder = path.parent
    fields = grid.model_dump(exclude={"exclude", "override"})
    for name in ("exclude", "override"):
        selectors = getattr(grid, name)
        is_list = isinstance(selectors, tuple)
        fields[name] = tuple(selector.at(file.place((name, i) if is_list else (name,))) for i, selector in enumerate(as_tuple(selectors)))
    fields["search"] = grid.search
    fields["tasks"] = tuple(_relative_to(folder, name) for name in as_tuple(grid.tasks))
    fields["strategies"] = tuple(_relative_to(folder, name) for name in as_tuple(grid.strategies))
    fields["models"] = tuple(str(folder / name) if os.path.exists(folder / name) else name for name in as_tuple(grid.models))
    fields["train_sizes"] = tuple(str(size) for size in as_tuple(grid.train_sizes))
    return fields


def _relative_to(folder: Path, name: str) -> str:
    """The path of a file that is named in a grid; a name of the catalog stays as it is."""
    path, colon, values = name.partition(":")
    return f"{folder / path}{colon}{values}" if path.endswith((".yaml", ".yml")) else name
