"""Is B better than A? Two strategies on the same examples.

| score | p-value | interval |
| --- | --- | --- |
| 0 or 1, one seed, no groups | mid-p McNemar | Tango |
| means | t of the paired differences, cluster-robust with groups, with skewed differences also Hall's | the same |
| AUROC | t with DeLong's standard error of the difference | the same |
| averages over labels | paired bootstrap centred under the null, (c+1)/(B+1) | the limits of `pair_limits` at half the error each |
| other corpus scores | the same | percentiles of the same resamples |

On a bounded scale, intervals and p-values of means are never weaker than those of Hoeffding's inequality.

The interval is an estimate. A verdict is a claim, and also needs the one-sided limits of `pair_limits`: the interval of 100 examples may
exclude 0 while failures on 2% of all examples, none of them among the 100, would reverse the difference.

Several seeds are averaged within an example first: n is the number of examples, never examples × seeds. These intervals do not cover what
another training seed would change (see `seed_spread`); `method` says how many seeds there were.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS
from harness.statistics.comparison.pair import SAME, Pair, make_pair
from harness.statistics.comparison.pair_limits import describe_no_spread, pair_limits, paired_basis, paired_bootstrap_basis
from harness.statistics.examples import observed_scores, resampled_scores, undefined_reason
from harness.statistics.intervals import (
    Basis,
    Interval,
    MeanSpread,
    OneSidedLimits,
    PairedSpread,
    allow_for_unseen,
    hoeffding_p_value,
    mcnemar_midp,
    mean_error,
    mean_influences,
    mean_interval,
    mean_limits,
    mean_p_value,
    no_interval,
    percentile_interval,
    rank_basis,
    rank_error,
    tango_interval,
    too_few_units,
)
from harness.statistics.sample_size import detectable_difference
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]
PairVerdict: TypeAlias = Literal["better", "worse", "different", "tied", "undecided"]


@dataclass(frozen=True)
class Comparison:
    """B against A on n examples.

    Attributes:
        difference: B − A in the unit of the score; None without examples, and where the score of one side is undefined.
        low, high: its interval; None where no valid one exists.
        p_value: two-sided, for no difference.
        n: examples with a score on both sides.
        method, reliable, reason: those of the interval (see `Interval`).
        better, equal, worse: on how many examples B is so (for a score without a better direction: higher and lower); None for corpus
            scores, which no single example has.
        dropped: examples without a score on one side.
        margin: Δ, if there is one.
        limits: the one-sided limits for claims, each at level 1 − confidence.
        equivalent: whether interval and limits lie within ±margin.
        verdict: the direction where interval, p-value and limits exclude 0, even within the margin; else "tied" if equivalent, else
            "undecided".
        is_held_back: whether interval and p-value exclude 0, but the limits do not, because of failures that so few examples cannot have
            shown.
        detectable: the smallest difference that such data would have shown with 80% power (see `sample_size`).
        se: the standard error of the difference.
        units: the independent examples or groups.
    """

    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    n: int
    method: str
    reliable: bool
    reason: str
    better: int | None
    equal: int | None
    worse: int | None
    dropped: int
    margin: float | None
    limits: OneSidedLimits
    equivalent: bool
    verdict: PairVerdict
    is_held_back: bool
    detectable: float | None
    se: float | None
    units: int


def compare_scores(
    a: Array,
    b: Array,
    *,
    metric: Metric,
    groups: Sequence[str | None] | None = None,
    margin: float | None,
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Comparison:
    """Compare B with A on the same examples in the same order.

    Valid: 0/1 scores from 10 examples; means where `mean_interval` is, and 10 examples differ; AUROC where `rank_basis` is; other corpus
    scores where `bootstrap_basis` is.

    Args:
        a, b: the scores, (n,) or (n, seeds), of a metric that scores single examples; the statistics, (n, d) or (n, seeds, d), of a corpus
            metric; or (n, seeds, d) of either, as `statistic_stack` returns. The numbers of seeds may differ. NaN: the example does not
            have the score and is dropped on both sides.
        groups: the group of each example; used if any has two examples.
        margin: Δ, above 0, in the unit of the score; None if no margin is defined: then nothing is called tied.

    Raises:
        ValueError: shapes that do not fit, or a margin that is not above 0.
    """
    if margin is not None and not margin > 0:
        raise ValueError(f"the margin must be above 0, not {margin}")
    pair = make_pair(a, b, metric=metric, groups=groups, confidence=confidence)
    if pair.n == 0:
        result = _Result(None, no_interval(0, 0, "no examples"), None)
    elif reason := undefined_reason(metric, pair.both):
        result = _Result(None, no_interval(pair.n, pair.units, reason), None)
    elif metric.no_interval:
        observed = float(pair.difference(observed_scores(metric, pair.both)))
        result = _Result(observed, no_interval(pair.n, pair.units, metric.no_interval), None)
    elif metric.influences and pair.units > 1:
        result = _compare_ranks(pair)
    elif metric.level != "example":
        result = _compare_by_bootstrap(pair, resamples, seed)
    elif pair.is_binary:
        result = _compare_counts(pair)
    else:
        result = _compare_means(pair)
    return _comparison(pair, result, margin, pair_limits(pair, resamples, seed)(round(1 - confidence, 12)))


@dataclass(frozen=True)
class _Result:
    """The result of one method."""

    difference: float | None
    interval: Interval
    p_value: float | None


def _compare_counts(pair: Pair) -> _Result:
    gained, lost = int((pair.differences > 0).sum()), int((pair.differences < 0).sum())
    interval = tango_interval(gained, lost, pair.n, pair.confidence)
    se = math.sqrt(max(0.0, gained + lost - (gained - lost) ** 2 / pair.n)) / pair.n
    interval = replace(interval, se=se, method=f"McNemar mid-p, {interval.method}")
    return _Result((gained - lost) / pair.n, interval, mcnemar_midp(gained, lost))


def _compare_means(pair: Pair) -> _Result:
    differences = pair.differences
    mean = float(differences.mean())
    interval = mean_interval(differences, pair.cluster, pair.confidence, scale=pair.scale)
    if interval.se is None or interval.df is None:
        return _Result(mean, interval, None)
    basis = paired_basis(differences, Basis(interval.n, interval.units, interval.method, interval.reason))
    if interval.se < SAME:
        return _without_spread(pair, mean, basis)
    p_value = mean_p_value(mean, mean_error(differences, pair.cluster))
    if pair.scale is not None:
        p_value = min(p_value, hoeffding_p_value(mean, pair.scale, pair.n, pair.cluster))
    return _Result(mean, basis.interval(interval.low, interval.high, se=interval.se, df=interval.df), p_value)


def _compare_ranks(pair: Pair) -> _Result:
    influences = mean_influences(pair.metric, pair.b) - mean_influences(pair.metric, pair.a)
    error = rank_error(pair.metric, pair.both, influences, pair.cluster)
    difference = float(pair.difference(observed_scores(pair.metric, pair.both)))
    basis = rank_basis(pair.metric, pair.both, pair.cluster, error, "paired DeLong")
    if error.se < SAME:
        return _without_spread(pair, difference, basis)
    low, high = mean_limits(difference, error, (1 - pair.confidence) / 2)
    return _Result(difference, basis.interval(low, high, se=error.se, df=error.df), mean_p_value(difference, error))


def _compare_by_bootstrap(pair: Pair, resamples: int, seed: int) -> _Result:
    """Resample the examples of both sides together; under the null hypothesis the differences spread in the same way around 0.

    Centred at their own mean and two-sided, after Riezler & Maxwell (2005, "On some pitfalls in automatic evaluation and significance
    testing for MT"); (c+1)/(B+1) as in Davison & Hinkley (1997, section 4.2). sacrebleu centres absolute differences: where the
    difference is clear, its p-value is one-sided, half of this one.
    """
    observed = float(pair.difference(observed_scores(pair.metric, pair.both)))
    if pair.units < 2:
        return _Result(observed, no_interval(pair.n, pair.units, too_few_units(pair.n, pair.units)), None)
    differences = pair.difference(resampled_scores(pair.metric, pair.both, pair.cluster, resamples, seed))
    basis = paired_bootstrap_basis(pair, resamples, seed)
    if np.ptp(differences) < SAME:
        return _without_spread(pair, observed, basis)
    extreme = np.count_nonzero(np.abs(differences - differences.mean()) >= abs(observed) - SAME)
    if pair.metric.labels:  # percentiles are too short, see `corrected_interval`
        limits = pair_limits(pair, resamples, seed)((1 - pair.confidence) / 2)
        basis = Basis(limits.n, limits.units, limits.method, limits.reason)
        interval = basis.interval(limits.low, limits.high, se=limits.se)
    else:
        interval = percentile_interval(differences, basis, pair.confidence)
    return _Result(observed, interval, float((extreme + 1) / (resamples + 1)))


def _without_spread(pair: Pair, difference: float, basis: Basis) -> _Result:
    """All examples differ by the same amount, so there is no variance to work with.

    The sign test still gives a p-value, and a share of unseen differences (`unseen_share`) may lie at the ends of the scale. That is
    Tango's interval where all pairs are equal or all are gained. On an unbounded scale they may lie anywhere: there is no interval.
    """
    reason = describe_no_spread(pair)
    p_value = 1.0 if abs(difference) < SAME else min(1.0, 2 * 0.5**pair.units)
    if pair.metric.unit not in BOUNDS:
        return _Result(difference, no_interval(pair.n, pair.units, reason), p_value)
    lowest, highest = BOUNDS[pair.metric.unit]
    low, high = allow_for_unseen(difference, (lowest - highest, highest - lowest), pair.units, pair.confidence)
    basis = replace(basis, method=f"{basis.method}, no spread", reason=reason)
    return _Result(difference, basis.interval(low, high, se=0.0), p_value)


def _comparison(pair: Pair, result: _Result, margin: float | None, limits: OneSidedLimits) -> Comparison:
    counts: tuple[int | None, int | None, int | None] = (None, None, None)
    if pair.metric.level == "example":
        signed = -pair.differences if pair.metric.direction == "lower" else pair.differences
        counts = int((signed > 0).sum()), int((signed == 0).sum()), int((signed < 0).sum())
    interval = result.interval
    low, high = interval.low, interval.high
    if low is not None and high is not None:
        low, high = pair.bound(low, high)
    seeds = pair.a.shape[1], pair.b.shape[1]
    ends = [low, high, limits.low, limits.high]
    equivalent = margin is not None and all(end is not None and -margin < end < margin for end in ends)
    verdict = _verdict(pair, result, limits, equivalent)
    shown_alone = _direction(pair, result) != 0
    return Comparison(
        difference=result.difference,
        low=low,
        high=high,
        p_value=result.p_value,
        n=pair.n,
        method=interval.method + (f"; seeds averaged: {seeds[0]} and {seeds[1]}" if max(seeds) > 1 else ""),
        reliable=interval.reliable,
        reason=interval.reason,
        better=counts[0],
        equal=counts[1],
        worse=counts[2],
        dropped=pair.dropped,
        margin=margin,
        limits=limits,
        equivalent=equivalent,
        verdict=verdict,
        is_held_back=shown_alone and verdict in ("tied", "undecided"),
        detectable=_detectable(limits),
        se=interval.se,
        units=pair.units,
    )


def _detectable(limits: OneSidedLimits) -> float | None:
    spread = limits.spread
    if isinstance(spread, PairedSpread) or (isinstance(spread, MeanSpread) and spread.se > SAME):
        return detectable_difference(spread, limits.n, alpha=limits.alpha)
    return None


def _direction(pair: Pair, result: _Result) -> int:
    """1 or −1 where interval and p-value exclude 0 on that side, else 0: they are computed in different ways and may disagree."""
    low, high = result.interval.low, result.interval.high
    if low is None or high is None or result.p_value is None or result.p_value >= 1 - pair.confidence:
        return 0
    return int(low > 0) - int(high < 0)


def _verdict(pair: Pair, result: _Result, limits: OneSidedLimits, equivalent: bool) -> PairVerdict:
    direction = _direction(pair, result)
    beyond = limits.low is not None and limits.high is not None and (limits.low > 0 if direction > 0 else limits.high < 0)
    if not direction or not beyond:
        return "tied" if equivalent else "undecided"
    if pair.metric.direction == "none":
        return "different"
    return "better" if (direction > 0) == (pair.metric.direction == "higher") else "worse"
