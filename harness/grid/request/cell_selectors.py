"""Parts of a grid, selected by what their cells are: cells to leave out, and cells whose strategy gets other values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from harness.types import Declared

Names = str | tuple[str, ...]


def _check_size(value: object) -> object:
    """
    Raises:
        ValueError: the value is not a training size.
    """
    if value != "all" and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise ValueError(f"a training size is a whole number above 0 or 'all', not {value!r}")
    return value


TrainSize = Annotated[int | str, BeforeValidator(_check_size)]


class CellSelector(Declared):
    """Cells of the grid. `place` says where they were selected, for messages."""

    _place: str = PrivateAttr("")

    @property
    def place(self) -> str:
        """Such as "grid.yaml:7: exclude[0]"."""
        return self._place

    def at(self, place: str) -> Self:
        """This selector, with its place."""
        self._place = place
        return self

    def criteria(self) -> Iterator[tuple[str, object]]:
        """Each criterion with each of its values."""
        for field in ("task", "model", "strategy", "train_size", "seed"):
            value = getattr(self, field, None)
            yield from ((field, one) for one in (() if value is None else as_tuple(value)))

    def matches(self, cell: Mapping[str, Collection[object]]) -> bool:
        """Whether a cell is selected.

        Args:
            cell: by criterion, every value that the cell goes by; a model has its name and the path that the user typed.
        """
        selected: dict[str, list[object]] = {}
        for field, value in self.criteria():
            selected.setdefault(field, []).append(value)
        return all(any(value in cell[field] for value in values) for field, values in selected.items())


class Exclusion(CellSelector):
    """Cells to leave out. A cell must match every criterion, and one of several values is enough."""

    task: Names | None = None
    model: Names | None = None
    strategy: Names | None = None
    train_size: TrainSize | tuple[TrainSize, ...] | None = None
    seed: int | tuple[int, ...] | None = None

    @model_validator(mode="after")
    def _has_criteria(self) -> Exclusion:
        if all(value is None for value in self.__dict__.values()):
            raise ValueError("name a task, model, strategy, train_size or seed")
        return self


class Override(CellSelector):
    """Other values for the strategies of some cells; `set` names them as in `lora:r=8`."""

    task: Names | None = None
    model: Names | None = None
    strategy: Names | None = None
    set: Annotated[Mapping[str, Any], Field(min_length=1)]


def as_tuple(value: Any) -> tuple[Any, ...]:
    """A single value as a tuple of one."""
    return value if isinstance(value, tuple) else (value,)
