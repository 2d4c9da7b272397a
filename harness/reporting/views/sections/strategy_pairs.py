"""Every strategy against every other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.results import StrategyResult, TaskResults
from harness.statistics import Comparison, PairVerdict, compare_all_pairs

_OPPOSITE: Mapping[PairVerdict, PairVerdict] = {"better": "worse", "worse": "better"}


@dataclass(frozen=True)
class StrategyPairs:
    """Comparisons by pair of labels: `comparisons[a, b]` is b minus a, each pair once."""

    labels: tuple[str, ...]
    comparisons: Mapping[tuple[str, str], Comparison]

    def difference(self, row: str, column: str) -> Comparison | None:
        """`row` minus `column`; None for a strategy and itself, and where there is no difference to compute."""
        if (column, row) in self.comparisons:
            comparison = self.comparisons[column, row]
        elif (row, column) in self.comparisons:
            comparison = _swapped(self.comparisons[row, column])
        else:
            return None
        return None if comparison.difference is None else comparison


def build_strategy_pairs(results: TaskResults, strategies: Sequence[StrategyResult]) -> StrategyPairs | None:
    """The pairs of these strategies; None where fewer than three have a score: then the comparison with the base says it all."""
    scored = [strategy for strategy in strategies if strategy.scored]
    if results.primary is None or len(scored) < 3:
        return None
    labels = tuple(strategy.label for strategy in scored)
    stacks = dict(zip(labels, results.stacks(results.primary, [strategy.done for strategy in scored]), strict=True))
    return StrategyPairs(labels, compare_all_pairs(stacks, metric=results.primary, margin=results.task.margin, groups=results.groups))


def _swapped(comparison: Comparison) -> Comparison:
    """A minus B instead of B minus A."""
    difference, low, high = (None if end is None else -end for end in (comparison.difference, comparison.high, comparison.low))
    verdict = _OPPOSITE.get(comparison.verdict, comparison.verdict)
    return replace(comparison, difference=difference, low=low, high=high, better=comparison.worse, worse=comparison.better, verdict=verdict)
