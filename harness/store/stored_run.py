"""A run as its readers see it: plan, results, examples and predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.store.run_folder import RunFolder
from harness.store.run_plan import RunPlan
from harness.store.seals import hash_file
from harness.types import Cell, CellResult, Example, Prediction


class StoredRun:
    """A run on disk. The plan is read at once, everything else on first use. What is read is checked against its digest.

    Raises:
        BenchError: the folder is not a run, or a file is damaged or belongs to another run.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.plan: RunPlan = folder.plan()
        seal = folder.read_seal()
        self._sealed: Mapping[str, str] = {} if seal is None else seal.files
        self._check_origin(folder.plan_file)

    @property
    def path(self) -> Path:
        """The folder of the run."""
        return self.folder.path

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.path.name

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell of the grid, in the order of the plan."""
        return self.plan.cells

    @cached_property
    def results(self) -> Mapping[str, CellResult]:
        """The results of the finished cells, by cell id."""
        return self._read_results(self.cells)

    @cached_property
    def leak_results(self) -> Mapping[str, CellResult]:
        """The results of the finished cells of the leak test, by cell id."""
        return self._read_results(self.plan.leak_cells)

    @cached_property
    def trial_results(self) -> Mapping[str, CellResult]:
        """The results of the finished trials of a search, by cell id."""
        return self._read_results(self.plan.trial_cells)

    @cached_property
    def all_results(self) -> Mapping[str, CellResult]:
        """The results of every finished cell, by id: of the grid, the leak test and the search."""
        return {**self.results, **self.leak_results, **self.trial_results}

    @property
    def finished(self) -> bool:
        """Whether every cell has a result, those of the leak test and the search included."""
        return all(self.folder.cell(c.id).is_finished() for c in self.plan.all_cells)

    def status(self, cell_id: str) -> str:
        """The status of a cell; "interrupted" if it has no result."""
        result = self.results.get(cell_id)
        return result.status if result else "interrupted"

    def examples(self, task: str, *, first: int | None = None) -> tuple[Example, ...]:
        """The test examples of a task; with `first`, only so many from the beginning."""
        return self.folder.examples(task, first=first)

    def predictions(self, cell_id: str) -> tuple[Prediction, ...]:
        """The predictions of a cell, in the order of the test examples."""
        return self.folder.cell(cell_id).predictions()

    def training_curve(self, cell_id: str) -> list[dict[str, Any]]:
        """The training curve: points with `step`, `loss`, `learning_rate` and `tokens_per_second`, or with `step` and `validation_loss`."""
        return self.folder.cell(cell_id).training_curve()

    def _read_results(self, cells: Sequence[Cell]) -> dict[str, CellResult]:
        return {c.id: self._read_result(c.id) for c in cells if self.folder.cell(c.id).is_finished()}

    def _read_result(self, cell_id: str) -> CellResult:
        result = self.folder.cell(cell_id).result()
        self._check_origin(self.folder.cell(cell_id).result_file)
        return result

    def _check_origin(self, file: Path) -> None:
        """Check that an intact file is that of this run: it may have been copied from another."""
        if not self._sealed:
            return
        if self._sealed.get(file.relative_to(self.path).as_posix()) != hash_file(file):
            problem = f"is not the file that this run was finished with: {self.folder.seal_file.name} has another sha256"
            raise BenchError(f"{file}: {problem}. Restore it from a backup, or run the same command again.")
