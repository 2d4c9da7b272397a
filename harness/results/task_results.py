"""The strategies of one task: cells that differ in the seed alone, together, and ranked by the primary score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

from harness.results.leak_tests import LeakTest, load_leak_tests
from harness.results.search_summary import SearchSummary, summarize_searches
from harness.results.searches import StrategySearch, load_searches
from harness.results.strategy_result import StrategyResult
from harness.results.task_scores import TaskScores
from harness.results.trivial import TrivialBaseline, build_trivial_baseline
from harness.statistics import Comparison, LearningCurve, compare_best, fit_learning_curve
from harness.types import Cell


class TaskResults(TaskScores):
    """`TaskScores` with one `StrategyResult` for each strategy, base model and training size."""

    @cached_property
    def strategies(self) -> tuple[StrategyResult, ...]:
        """Every strategy, the best primary score first, those without a score last."""
        return tuple(sorted(self.unranked, key=self._rank))

    @cached_property
    def unranked(self) -> tuple[StrategyResult, ...]:
        """Every strategy, in the order of the cells. To rank them, all of their scores are computed; this is for readers who need none."""
        cells: dict[tuple[str, str, int], list[Cell]] = {}
        for cell in self.run.cells:
            if cell.task == self.task.name:
                cells.setdefault((cell.model, cell.strategy, cell.train_size), []).append(cell)
        alone = [StrategyResult(self.run, self, tuple(same)) for same in cells.values()]
        bases = [result for result in alone if result.is_base]
        return tuple(self._with_base(result, bases) for result in alone)

    @cached_property
    def leak_tests(self) -> tuple[LeakTest, ...]:
        """What each strategy remembers of its training data, the untuned models first; empty without a leak test.

        Raises:
            BenchError: a result is damaged.
        """
        cells = [cell for cell in self.run.plan.leak_cells if cell.task == self.task.name]
        return load_leak_tests(self.unranked, cells, self.run.leak_results) if cells else ()

    @cached_property
    def searches(self) -> tuple[StrategySearch, ...]:
        """How the values of each strategy were searched; empty without a search."""
        return load_searches(self.run.plan, self.run.trial_results, self.task.name)

    @cached_property
    def search_summary(self) -> SearchSummary | None:
        """What the searches of the task show, and what they took; None without a search, and while no trial has a result."""
        if not self.run.plan.trial_cells:
            return None
        results = self.run.all_results.values()
        seconds = math.fsum(cost.seconds for result in results if result.cell.task == self.task.name for cost in result.costs)
        return summarize_searches(self.run.plan, self.searches, self.task.name, seconds)

    def find_leak_test(self, result: StrategyResult) -> LeakTest | None:
        """The leak test of a strategy at its training size; None where it has none, or no cell of it has a result."""
        names = (result.model, result.strategy, result.train_size)
        fitting = (test for test in self.leak_tests if (test.result.model, test.result.strategy, test.result.train_size) == names)
        return next((test for test in fitting if test.measurements), None)

    @property
    def scored(self) -> tuple[StrategyResult, ...]:
        """The strategies whose primary score has a value, the best first."""
        return tuple(result for result in self.strategies if result.scored)

    @cached_property
    def trivial(self) -> TrivialBaseline | None:
        """What an answer without a model is worth; None without test examples."""
        return build_trivial_baseline(self.task, self.examples, self.metrics, self.labels, self.run.plan.data[self.task.name])

    @cached_property
    def best_versus_base(self) -> Comparison | None:
        """The best of the strategies less the base of its model, corrected for having been picked from all that have that base.

        None where the best is itself a base, or has none.
        """
        best = next(iter(self.scored), None)
        if best is None or best.base is None or self.primary is None:
            return None
        rivals = [result for result in self.scored if result.base is not None and result.base.cells == best.base.cells]
        stacks = self.stacks(self.primary, [best.base.done, *(result.done for result in rivals)])
        named = dict(zip([best.base.label, *(result.label for result in rivals)], stacks, strict=True))
        return compare_best(named, baseline=best.base.label, metric=self.primary, margin=self.task.margin, groups=self.groups)

    def get_strategy(self, cell: Cell) -> StrategyResult:
        """The strategy that this cell belongs to."""
        return next(result for result in self.unranked if cell in result.cells)

    def learning_curve(self, by_size: Mapping[int, StrategyResult], targets: Sequence[int]) -> LearningCurve | None:
        """The primary score of one strategy over its training sizes, with forecasts at `targets`; None without a primary metric."""
        if self.primary is None:
            return None
        stacks = {size: result.stack(self.primary) for size, result in by_size.items()}
        scores = {size: result.scores[self.primary.name] for size, result in by_size.items()}
        return fit_learning_curve(stacks, scores, metric=self.primary, groups=self.groups, margin=self.task.margin, targets=targets)

    def _with_base(self, result: StrategyResult, bases: Sequence[StrategyResult]) -> StrategyResult:
        """The strategy with the base of its own model; one without a base model in the run with the only base of the task."""
        if result.is_base:
            return result
        fitting = [base for base in bases if result.model == base.model or not result.on_base_model]
        base = fitting[0] if len(fitting) == 1 and fitting[0].done else None
        return StrategyResult(self.run, self, result.cells, base)

    def _rank(self, result: StrategyResult) -> tuple[bool, float]:
        value = result.primary.value if result.primary else None
        return (value is None, 0.0 if value is None else value if self.lower_is_better else -value)
