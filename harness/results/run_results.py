"""A run with its results by task and by strategy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from harness.results.costs import TotalCost, total_cost
from harness.results.finished_cell import find_cell
from harness.results.strategy_result import StrategyResult
from harness.results.task_results import TaskResults
from harness.store import StoredRun


class RunResults(StoredRun):
    """A stored run whose results are read once, and only when they are needed.

    Reading needs no engine: no model is loaded, and neither torch nor transformers is imported.
    """

    @cached_property
    def by_task(self) -> Mapping[str, TaskResults]:
        """The results of each task, by its name."""
        return {name: TaskResults(self, task) for name, task in self.plan.tasks.items()}

    def find(self, strategy: str, *, task: str | None = None, model: str | None = None, train_size: int | None = None) -> StrategyResult:
        """The one strategy with a result that fits these names.

        Raises:
            BenchError: none has a result, or several fit that differ in more than the seed.
        """
        cell = find_cell(self, strategy, task=task, model=model, train_size=train_size, needs_model=False)
        return self.by_task[cell.task.name].get_strategy(cell.cell)

    @property
    def spent(self) -> TotalCost:
        """What the whole run took, failed cells, the leak test and the search included."""
        return total_cost([cost for result in self.all_results.values() for cost in result.costs])

    @property
    def spent_on_leak_test(self) -> TotalCost:
        """What the cells of the leak test took."""
        return total_cost([cost for result in self.leak_results.values() for cost in result.costs])

    @property
    def spent_on_search(self) -> TotalCost:
        """What the trials of the search took."""
        return total_cost([cost for result in self.trial_results.values() for cost in result.costs])
