"""A run as a reader sees it: the plan, the results, the rows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.store.run_folder import RunFolder
from harness.store.run_plan import RunPlan
from harness.types import Cell, CellResult, Example, Prediction


class StoredRun:
    """A run folder, read as it is now. Rows are read when they are asked for."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.plan: RunPlan = folder.plan()

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.folder.path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell of the grid, in the order of the plan."""
        return self.plan.cells

    @cached_property
    def results(self) -> Mapping[str, CellResult]:
        """The outcome of each cell by its id; a cell that has not ended has none."""
        return {c.id: self.folder.cell(c.id).result() for c in self.cells if self.folder.cell(c.id).whole()}

    @property
    def finished(self) -> bool:
        """Whether every cell has ended."""
        return all(self.folder.cell(c.id).whole() for c in self.cells)

    def status(self, cell_id: str) -> str:
        """The cell's status; 'interrupted' for one that has not ended."""
        result = self.results.get(cell_id)
        return result.status if result else "interrupted"

    def examples(self, task: str) -> tuple[Example, ...]:
        """The test rows of a task."""
        return self.folder.examples(task)

    def predictions(self, cell_id: str) -> tuple[Prediction, ...]:
        """The predictions of a cell, in the order of the test rows."""
        return self.folder.cell(cell_id).predictions()

    def curve(self, cell_id: str) -> list[dict[str, Any]]:
        """Training curve: lines with `step`, `loss`, `learning_rate`, `tokens_per_second`, or `step` and `validation_loss`."""
        return self.folder.cell(cell_id).curve_points()
