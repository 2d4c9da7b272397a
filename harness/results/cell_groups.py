"""Cells that belong together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from harness.store import StoredRun
from harness.types import Cell


class Like(Protocol):
    """A cell, or whatever says which strategy of which model at which training size is meant."""

    @property
    def model(self) -> str: ...
    @property
    def strategy(self) -> str: ...
    @property
    def train_size(self) -> int: ...


def done_cells(run: StoredRun, cells: Sequence[Cell]) -> list[Cell]:
    """Those that ended well."""
    return [cell for cell in cells if run.status(cell.id) == "done"]


def cells_of(run: StoredRun, task: str, like: Like) -> list[Cell]:
    """The cells that differ from this one, or from this line of a table, in the seed alone, whatever became of them."""
    return [c for c in run.cells if (c.task, c.model, c.strategy, c.train_size) == (task, like.model, like.strategy, like.train_size)]
