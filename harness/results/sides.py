"""One strategy of a run, all its seeds, with its rows: what is compared, and what is judged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from harness.results.cell_groups import cells_of, done_cells
from harness.results.finished_cell import find_cell
from harness.results.task_results import TaskResults
from harness.store import StoredRun
from harness.types import Cell


@dataclass(frozen=True)
class StrategyResult:
    """The cells of one strategy that are done, all seeds, with their rows."""

    run: StoredRun
    rows: TaskResults
    cells: tuple[Cell, ...]
    label: str

    @property
    def cell(self) -> Cell:
        """The first of them: they differ in the seed alone."""
        return self.cells[0]

    @property
    def trained(self) -> bool:
        """Whether a seed can change the result."""
        return not self.run.plan.get_strategy(self.cell).deterministic

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each test row stands."""
        return {example.id: i for i, example in enumerate(self.rows.examples)}


def choose(
    run: StoredRun, strategy: str, *, task: str | None = None, model: str | None = None, train_size: int | None = None
) -> StrategyResult:
    """The cells of this strategy that are done.

    Raises:
        BenchError: none is done, or several fit that differ in more than the seed.
    """
    found = find_cell(run, strategy, task=task, model=model, train_size=train_size, needs_model=False)
    same = cells_of(run, found.task.name, found.cell)
    return StrategyResult(run, TaskResults(run, found.task), tuple(done_cells(run, same)), run.plan.cell_label(found.cell))
