"""Is B better than A? Two strategies on the same examples.

| score | p-value | interval |
| --- | --- | --- |
| 0 or 1, one seed, no groups | mid-p McNemar | Tango |
| means | t of the paired differences, cluster-robust with groups, with skewed differences also Hall's | the same |
| corpus scores | paired bootstrap centred under the null, (c+1)/(B+1) | percentiles of the same resamples |

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
from harness.statistics.examples import observed_scores, resampled_scores, undefined_reason
from harness.statistics.intervals import (
    Basis,
    Interval,
    allow_for_unseen,
    bootstrap_basis,
    mcnemar_midp,
    mean_error,
    mean_interval,
    mean_p_value,
    no_interval,
    percentile_interval,
    tango_interval,
    too_few_units,
)
from harness.statistics.sample_size import detectable_mean_difference, detectable_proportion_difference
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
        equivalent: whether the interval lies within ±margin.
        verdict: the direction where interval and p-value exclude 0, even within the margin; else "tied" if equivalent, else "undecided".
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
    equivalent: bool
    verdict: PairVerdict
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

    Valid: 0/1 scores from 10 examples; means where `mean_interval` is, and 10 examples differ; corpus scores from 100 examples or groups,
    in which every count that occurs does so in 5 examples (each class, on each side).

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
    elif metric.level != "example":
        result = _compare_by_bootstrap(pair, resamples, seed)
    elif pair.is_binary:
        result = _compare_counts(pair)
    else:
        result = _compare_means(pair)
    return _comparison(pair, result, margin)


def paired_basis(differences: Array, basis: Basis) -> Basis:
    """The basis of a mean of paired differences: not reliable where fewer than ten differ from 0; the method then says how many do."""
    differing = int(np.count_nonzero(differences))
    if differing >= 10:
        return replace(basis, method=f"paired {basis.method}")
    return replace(basis, method=f"paired {basis.method}, {differing} differ", reason="fewer than 10 examples differ")


def paired_bootstrap_basis(pair: Pair, resamples: int, seed: int) -> Basis:
    """The basis of a bootstrap of both sides together."""
    basis = bootstrap_basis(pair.both, pair.cluster, resamples, seed, biased=pair.metric.resampling_biased)
    return replace(basis, method=f"paired {basis.method}")


@dataclass(frozen=True)
class _Result:
    """The result of one method."""

    difference: float | None
    interval: Interval
    p_value: float | None
    detectable: float | None = None


def _compare_counts(pair: Pair) -> _Result:
    gained, lost = int((pair.differences > 0).sum()), int((pair.differences < 0).sum())
    interval = tango_interval(gained, lost, pair.n, pair.confidence)
    se = math.sqrt(max(0.0, gained + lost - (gained - lost) ** 2 / pair.n)) / pair.n
    interval = replace(interval, se=se, method=f"McNemar mid-p, {interval.method}")
    detectable = detectable_proportion_difference(gained + lost, pair.n, alpha=1 - pair.confidence)
    return _Result((gained - lost) / pair.n, interval, mcnemar_midp(gained, lost), detectable)


def _compare_means(pair: Pair) -> _Result:
    differences = pair.differences
    mean = float(differences.mean())
    interval = mean_interval(differences, pair.cluster, pair.confidence)
    if interval.se is None or interval.df is None:
        return _Result(mean, interval, None)
    basis = paired_basis(differences, Basis(interval.n, interval.units, interval.method, interval.reason))
    if interval.se < SAME:
        return _without_spread(pair, mean, basis)
    detectable = detectable_mean_difference(interval.se, interval.df, alpha=1 - pair.confidence)
    p_value = mean_p_value(mean, mean_error(differences, pair.cluster))
    return _Result(mean, basis.interval(interval.low, interval.high, se=interval.se, df=interval.df), p_value, detectable)


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
    interval = percentile_interval(differences, basis, pair.confidence)
    detectable = detectable_mean_difference(float(np.std(differences, ddof=1)), pair.units - 1, alpha=1 - pair.confidence)
    return _Result(observed, interval, float((extreme + 1) / (resamples + 1)), detectable)


def _without_spread(pair: Pair, difference: float, basis: Basis) -> _Result:
    """All examples differ by the same amount, so there is no variance to work with.

    The sign test still gives a p-value, and a share of unseen differences (`unseen_share`) may lie at the ends of the scale. That is
    Tango's interval where all pairs are equal or all are gained. On an unbounded scale they may lie anywhere: there is no interval.
    """
    reason = f"all {pair.n} examples differ by the same amount"
    p_value = 1.0 if abs(difference) < SAME else min(1.0, 2 * 0.5**pair.units)
    if pair.metric.unit not in BOUNDS:
        return _Result(difference, no_interval(pair.n, pair.units, reason), p_value)
    lowest, highest = BOUNDS[pair.metric.unit]
    low, high = allow_for_unseen(difference, (lowest - highest, highest - lowest), pair.units, pair.confidence)
    basis = replace(basis, method=f"{basis.method}, no spread", reason=reason)
    return _Result(difference, basis.interval(low, high, se=0.0), p_value)


def _comparison(pair: Pair, result: _Result, margin: float | None) -> Comparison:
    counts: tuple[int | None, int | None, int | None] = (None, None, None)
    if pair.metric.level == "example":
        signed = -pair.differences if pair.metric.direction == "lower" else pair.differences
        counts = int((signed > 0).sum()), int((signed == 0).sum()), int((signed < 0).sum())
    interval = result.interval
    low, high = interval.low, interval.high
    if low is not None and high is not None:
        low, high = pair.bound(low, high)
    seeds = pair.a.shape[1], pair.b.shape[1]
    equivalent = margin is not None and low is not None and high is not None and -margin < low and high < margin
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
        equivalent=equivalent,
        verdict=_verdict(pair, result, equivalent),
        detectable=result.detectable,
        se=interval.se,
        units=pair.units,
    )


def _verdict(pair: Pair, result: _Result, equivalent: bool) -> PairVerdict:
    """A direction needs the interval and the p-value to agree: they are computed in different ways and may disagree near the border."""
    low, high = result.interval.low, result.interval.high
    significant = result.p_value is not None and result.p_value < 1 - pair.confidence
    if low is not None and high is not None and significant and (low > 0 or high < 0):
        if pair.metric.direction == "none":
            return "different"
        return "better" if (low > 0) == (pair.metric.direction == "higher") else "worse"
    return "tied" if equivalent else "undecided"
