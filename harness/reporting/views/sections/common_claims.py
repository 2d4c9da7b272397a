"""What is often claimed about fine-tuning, tested on the user's data. A verdict is decided by the ends of an interval, never by a point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from harness.reporting.views.sections.full_tuning import FullTuningShare, find_full_tuning
from harness.reporting.views.sections.learning_curves import LearningCurves
from harness.results import StrategyCosts, StrategyResult, TaskResults
from harness.statistics import relative_improvement

ClaimCode: TypeAlias = Literal["most_of_full", "tenth_of_cost", "fewer_unsupported", "better_on_task", "more_examples"]
ClaimVerdict: TypeAlias = Literal["supported", "not_supported", "cannot_tell"]
# Why there is no verdict; empty where there is one.
ClaimReason: TypeAlias = Literal[
    "",
    "interval_includes_limit",
    "low_confidence",
    "not_run",  # the strategies that it takes have no result
    "no_gain_of_full",
    "measured_once",
    "no_cost",
    "trained_together",
    "no_score",
    "not_trusted",
    "no_errors_of_base",
    "base_near_zero",
    "no_curve",
    "curve_problem",
    "far_forecast",
    "trained_on_enough",
]

MOST_OF_FULL, TENTH, FEWER, BETTER, EXAMPLES = 0.9, 0.1, 0.7, 0.3, 10_000
_ADAPTERS = ("lora", "qlora")
_UNSUPPORTED = "unsupported_rate"  # content that the input does not support, which people call hallucinations


@dataclass(frozen=True)
class CommonClaim:
    """One claim about one strategy.

    Attributes:
        strategy: its label; empty where no strategy of the run can test the claim.
        value, low, high: the measured share (of full fine-tuning's improvement, of its cost to train, by which errors are rarer, by which
            the score is better), or the predicted gain in the unit of the primary score; None where not known.
        limit: what the claim says about it.
        n: the test examples; 0 where it rests on none. For costs, the training runs of the strategy.
        detail: more about `reason`, in the words of the statistics; empty if there is nothing to add.
    """

    code: ClaimCode
    strategy: str
    verdict: ClaimVerdict
    reason: ClaimReason
    limit: float
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    detail: str = ""


def check_common_claims(
    results: TaskResults,
    shares: Sequence[FullTuningShare],
    learning: LearningCurves | None,
    *,
    about: str | None,
    unchecked: Sequence[str],
) -> tuple[CommonClaim, ...]:
    """Every claim, in a fixed order; the claims about adapters once for each that was run.

    Args:
        shares: as `compare_with_full_tuning` returns them.
        about: the label of the strategy that the decision is about; where that is untuned or None, the best tuned one is meant.
        unchecked: the scores that are not shown to agree with raters.
    """
    scored = {result.label: result for result in results.scored}
    adapters = _largest([scored[share.label] for share in shares if scored[share.label].strategy.partition(":")[0] in _ADAPTERS])
    kept = {share.label: share for share in shares}
    tuned = [result for result in results.scored if result.base is not None]
    best = next((result for result in tuned if result.label == about), next((result for result in tuned if result.trained), None))
    return (
        *([_claim_quality(kept[result.label]) for result in adapters] or [_missing("most_of_full", MOST_OF_FULL)]),
        *([_claim_cost(result, results.scored) for result in adapters] or [_missing("tenth_of_cost", TENTH)]),
        _claim_unsupported(best, unchecked) if best else _missing("fewer_unsupported", FEWER),
        _claim_improvement(best, results) if best else _missing("better_on_task", BETTER),
        _claim_examples(results, learning, about),
    )


def _missing(code: ClaimCode, limit: float, reason: ClaimReason = "not_run", strategy: str = "") -> CommonClaim:
    return CommonClaim(code, strategy, "cannot_tell", reason, limit)


def _largest(adapters: Sequence[StrategyResult]) -> list[StrategyResult]:
    """Of each strategy and model the one that was trained on most examples."""
    most: dict[tuple[str, str], StrategyResult] = {}
    for result in adapters:
        known = most.get((result.strategy, result.model))
        if known is None or result.train_size > known.train_size:
            most[result.strategy, result.model] = result
    return list(most.values())


def _claim_quality(share: FullTuningShare) -> CommonClaim:
    kept = share.kept
    if kept.value is None:
        return _missing("most_of_full", MOST_OF_FULL, "no_gain_of_full", share.label)
    at_least = _at_least(kept.low, kept.high, MOST_OF_FULL, kept.reliable)
    return CommonClaim("most_of_full", share.label, *at_least, MOST_OF_FULL, kept.value, kept.low, kept.high, kept.n, kept.reason)


def _claim_cost(result: StrategyResult, scored: Sequence[StrategyResult]) -> CommonClaim:
    """The cost to train in that of full fine-tuning, from the lowest to the highest ratio of two training runs."""
    if result.trained_together:
        return _missing("tenth_of_cost", TENTH, "trained_together", result.label)
    full = find_full_tuning(scored, result)
    sides = [] if full is None else [_training_costs(side.costs_by_cell) for side in (result, full)]
    own, whole = next((pair for pair in zip(*sides, strict=True) if all(pair) and all(cost > 0 for cost in pair[1])), ((), ()))
    if not own:
        return _missing("tenth_of_cost", TENTH, "no_cost", result.label)
    value = (math.fsum(own) / len(own)) / (math.fsum(whole) / len(whole))
    if min(len(own), len(whole)) < 2:
        return CommonClaim("tenth_of_cost", result.label, "cannot_tell", "measured_once", TENTH, value, n=len(own))
    low, high = min(own) / max(whole), max(own) / min(whole)
    verdict, reason = _at_least(-high, -low, -TENTH, reliable=True)
    return CommonClaim("tenth_of_cost", result.label, verdict, reason, TENTH, value, low, high, len(own))


def _training_costs(cells: Sequence[StrategyCosts]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The cost to train of each cell in money, and in seconds; empty where one is not known."""
    prices, seconds = [cell.training_price for cell in cells], [cell.training_seconds for cell in cells]
    return _all_known(prices), _all_known(seconds)


def _all_known(amounts: Sequence[float | None]) -> tuple[float, ...]:
    known = tuple(amount for amount in amounts if amount is not None)
    return known if len(known) == len(amounts) else ()


def _claim_unsupported(result: StrategyResult, unchecked: Sequence[str]) -> CommonClaim:
    if _UNSUPPORTED not in result.scores:
        return _missing("fewer_unsupported", FEWER, "no_score", result.label)
    if _UNSUPPORTED in unchecked:
        return _missing("fewer_unsupported", FEWER, "not_trusted", result.label)
    reduction = result.reductions.get(_UNSUPPORTED)
    if reduction is None or reduction.value is None:
        return _missing("fewer_unsupported", FEWER, "no_errors_of_base", result.label)
    verdict, reason = _at_least(reduction.low, reduction.high, FEWER, reduction.reliable)
    values = (reduction.value, reduction.low, reduction.high, reduction.n, reduction.reason)
    return CommonClaim("fewer_unsupported", result.label, verdict, reason, FEWER, *values)


def _claim_improvement(result: StrategyResult, results: TaskResults) -> CommonClaim:
    metric, base = results.primary, result.base
    if metric is None or base is None or metric.direction == "none":
        return _missing("better_on_task", BETTER, "no_score", result.label)
    stacks = results.stacks(metric, [base.done, result.done])
    improvement = relative_improvement(*stacks, metric=metric, groups=results.groups)
    if improvement is None or improvement.value is None:
        return _missing("better_on_task", BETTER, "base_near_zero", result.label)
    verdict, reason = _at_least(improvement.low, improvement.high, BETTER, improvement.reliable)
    values = (improvement.value, improvement.low, improvement.high, improvement.n, improvement.reason)
    return CommonClaim("better_on_task", result.label, verdict, reason, BETTER, *values)


def _claim_examples(results: TaskResults, learning: LearningCurves | None, about: str | None) -> CommonClaim:
    """Whether 10,000 training examples gain more than the margin over the largest size that was run."""
    margin, curves = results.task.margin, learning.curves if learning else ()
    if not curves:
        return _missing("more_examples", margin, "no_curve")
    own = next((each for each in curves if any(result.label == about for result in each.results)), curves[0])
    forecast, label = own.forecast_at(EXAMPLES), own.label
    if own.curve.points[-1][0] >= EXAMPLES:
        return _missing("more_examples", margin, "trained_on_enough", label)
    if forecast is None or own.curve.problem:
        return replace(_missing("more_examples", margin, "curve_problem", label), detail=own.curve.problem)
    step, n = forecast.step, max(score.n for _, score in own.curve.points)
    values = (step.gain, step.low, step.high, n, own.curve.reason)
    if forecast.is_far:
        return CommonClaim("more_examples", label, "cannot_tell", "far_forecast", margin, *values)
    verdict, reason = _at_least(step.low, step.high, margin, step.reliable)
    return CommonClaim("more_examples", label, verdict, reason, margin, *values)


def _at_least(low: float | None, high: float | None, limit: float, reliable: bool) -> tuple[ClaimVerdict, ClaimReason]:
    """Whether the true value is shown to be at least the limit, or below it."""
    if low is None or high is None or not reliable:
        return "cannot_tell", "low_confidence"
    if low >= limit:
        return "supported", ""
    return ("not_supported", "") if high < limit else ("cannot_tell", "interval_includes_limit")
