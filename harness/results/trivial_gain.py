"""By how much a strategy beats the trivial baseline of its task on the primary score."""

from __future__ import annotations

import numpy as np

from harness.results.strategy_result import StrategyResult
from harness.results.task_results import TaskResults
from harness.results.task_scores import equally_wide
from harness.results.trivial import TrivialBaseline
from harness.statistics import (
    ClaimCheck,
    OneSidedLimits,
    check_above,
    difference_claim_limits,
    observed_scores,
    orient,
    score_claim_limits,
)
from harness.types import Metric


class TrivialGain:
    """The gain of one strategy, or of one model of it, in claim limits.

    Args:
        metric: the primary score, which has a better direction, and which the trivial baseline has (`TrivialBaseline.has_score`).
    """

    def __init__(self, results: TaskResults, result: StrategyResult, metric: Metric, trivial: TrivialBaseline) -> None:
        self.result, self.metric, self._groups = result, metric, results.groups
        self.lower_is_better = metric.direction == "lower"
        self._trivial_stack, self._stack = equally_wide([trivial.stack(metric), result.stack(metric)])
        self.trivial_score = trivial.score(metric)

    def limits(self, alpha: float) -> OneSidedLimits:
        """The limits of the score minus that of the baseline, each at level alpha; of the score itself where the baseline has no value."""
        if self.trivial_score is None:
            return score_claim_limits(self._stack, metric=self.metric, groups=self._groups, alpha=alpha)
        return difference_claim_limits(self._trivial_stack, self._stack, metric=self.metric, groups=self._groups, alpha=alpha)

    @property
    def zero(self) -> float:
        """What the limits are compared with: no difference, or the value by convention of a score that a constant does not have (MCC)."""
        if self.trivial_score is not None:
            return 0.0
        complete = self._trivial_stack[~np.isnan(self._trivial_stack).any(axis=(1, 2))]
        return float(observed_scores(self.metric, complete)[0])

    def check(self, limits: OneSidedLimits) -> ClaimCheck:
        """The claim that the gain is above 0, with the test examples that would decide it."""
        sign = -1.0 if self.lower_is_better else 1.0
        return check_above(orient(limits, higher_is_better=not self.lower_is_better), sign * self.zero)

    def least(self, limits: OneSidedLimits) -> float | None:
        """The smallest gain within these limits, turned so that more is better; None without limits."""
        least = limits.high if self.lower_is_better else limits.low
        return None if least is None else (-1.0 if self.lower_is_better else 1.0) * (least - self.zero)


def compare_with_trivial(results: TaskResults, result: StrategyResult) -> TrivialGain | None:
    """The gain of a strategy; None where the task has no primary score with a better direction, or its trivial baseline lacks it."""
    metric, trivial = results.primary, results.trivial
    if metric is None or trivial is None or metric.direction == "none" or not trivial.has_score(metric):
        return None
    return TrivialGain(results, result, metric, trivial)
