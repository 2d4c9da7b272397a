"""Differences as ratios: by what share B reduces errors or improves a score, and how much of the gain of A over the base model B keeps.

All are ratios of scores on the same examples, with percentile intervals of a paired bootstrap. All are refused where the denominator
cannot be distinguished from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.comparison.pair import as_stack, make_pair
from harness.statistics.comparison.pair_limits import paired_bootstrap_basis
from harness.statistics.examples import observed_scores, resampled_scores
from harness.statistics.intervals import percentile_interval, unseen_share
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Reduction:
    """By what share B has fewer errors than A: 0.6 is 60% fewer, below 0 is more.

    Attributes:
        value, low, high: the share and its interval; None where A's own rate cannot be distinguished from 0 (`reason` says so).
        before, after: the rates of A and of B on the n examples, in the metric's `unit`.
        method, reliable, reason: see `Interval`.
    """

    value: float | None
    low: float | None
    high: float | None
    before: float
    after: float
    unit: str
    n: int
    method: str
    reliable: bool
    reason: str


def relative_reduction(
    a: Array,
    b: Array,
    *,
    metric: Metric,
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Reduction | None:
    """1 − e_B/e_A with its percentile interval, from a paired bootstrap of examples, or of clusters where examples share groups.

    Valid where `bootstrap_interval` is: from 100 examples or groups on. Seeds are averaged within an example first. None if no example has
    a score on both sides, or fewer than two independent ones do.

    Args:
        a, b: scores or statistics, in the shapes of `compare_scores`.

    Raises:
        ValueError: shapes that do not fit, or a metric for which lower is not better.
    """
    if metric.direction != "lower":
        raise ValueError(f"{metric.name}: a reduction needs a score for which lower is better")
    pair = make_pair(a, b, metric=metric, groups=groups, confidence=confidence)
    if pair.units < 2:
        return None
    before, after = (float(rate) for rate in pair.side_means(observed_scores(metric, pair.both)))
    first, second = pair.side_means(resampled_scores(metric, pair.both, pair.cluster, resamples, seed))
    basis = paired_bootstrap_basis(pair, resamples, seed)
    lowest = percentile_interval(first, basis, confidence).low
    if lowest is None or lowest <= 0:
        reason = "the rate of A cannot be distinguished from 0"
        return Reduction(None, None, None, before, after, metric.unit, pair.n, "no interval", reliable=False, reason=reason)
    # A resample in which A has no error is rarer than the tail that is cut off, so its value does not matter.
    ratios = np.where(first > 0, 1 - second / np.where(first > 0, first, 1.0), -np.inf)
    low, high = np.quantile(ratios, [(1 - confidence) / 2, (1 + confidence) / 2])
    if after == 0 and metric.level == "example":  # n examples can miss some errors of B, each as large as the worst of A
        low = min(float(low), 1 - unseen_share(pair.units, confidence) * max(1.0, float(pair.a.max())) / before)
        method = f"{basis.method}, no error seen: Clopper–Pearson of none in {pair.units}"
        basis = replace(basis, method=method, reason="B has no error on these examples")
    value = 1 - after / before
    return Reduction(
        value, float(low), float(high), before, after, metric.unit, pair.n, basis.method, reliable=basis.reliable, reason=basis.reason
    )


@dataclass(frozen=True)
class Improvement:
    """By what share of A's score B is better: 0.3 is 30% better, below 0 is worse.

    Attributes:
        value, low, high: the share and its interval; None where A's own score cannot be distinguished from 0 (`reason` says so).
        method, reliable, reason: see `Interval`.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str
    reliable: bool
    reason: str


def relative_improvement(
    a: Array,
    b: Array,
    *,
    metric: Metric,
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Improvement | None:
    """(B − A)/A, or (A − B)/A where lower is better, with its percentile interval; valid where `bootstrap_interval` is.

    Refused where the interval of A's score includes 0 or less: a share of nothing, or of a negative score, has no meaning. None with fewer
    than two independent examples.

    Args:
        a, b: scores or statistics, in the shapes of `compare_scores`.

    Raises:
        ValueError: shapes that do not fit, or a metric without a better direction.
    """
    if metric.direction == "none":
        raise ValueError(f"{metric.name}: an improvement needs a score for which higher or lower is better")
    pair = make_pair(a, b, metric=metric, groups=groups, confidence=confidence)
    if pair.units < 2:
        return None
    sign = -1.0 if metric.direction == "lower" else 1.0
    before, after = (float(score) for score in pair.side_means(observed_scores(metric, pair.both)))
    first, second = pair.side_means(resampled_scores(metric, pair.both, pair.cluster, resamples, seed))
    basis = paired_bootstrap_basis(pair, resamples, seed)
    lowest = percentile_interval(first, basis, confidence).low
    if lowest is None or lowest <= 0:
        reason = "the score of A cannot be distinguished from 0"
        return Improvement(None, None, None, pair.n, "no interval", reliable=False, reason=reason)
    # A resample in which A scores nothing is rarer than the tail that is cut off, so that it can be left out.
    ratios = sign * (second[first > 0] / first[first > 0] - 1)
    low, high = np.quantile(ratios, [(1 - confidence) / 2, (1 + confidence) / 2])
    value = sign * (after / before - 1)
    return Improvement(value, float(low), float(high), pair.n, basis.method, reliable=basis.reliable, reason=basis.reason)


@dataclass(frozen=True)
class KeptGain:
    """How much B keeps of A's gain over the base model: 0.9 is nine tenths, above 1 is more than A gains, below 0 is worse than base.

    Attributes:
        value, low, high: the share and its interval; None where A is not shown to gain anything over the base (`reason` says so).
        method, reliable, reason: see `Interval`.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str
    reliable: bool
    reason: str


def kept_gain(
    base: Array,
    a: Array,
    b: Array,
    *,
    metric: Metric,
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> KeptGain | None:
    """(B − base)/(A − base) with its percentile interval; valid where `bootstrap_interval` is.

    None with fewer than two independent examples.

    Args:
        base, a, b: scores or statistics, in the shapes of `compare_scores`.

    Raises:
        ValueError: shapes that do not fit, or a metric without a better direction.
    """
    if metric.direction == "none":
        raise ValueError(f"{metric.name}: a gain needs a score for which higher or lower is better")
    sides = [as_stack(side, metric) for side in (base, a, b)]
    pair = make_pair(np.concatenate(sides[:2], axis=1), sides[2], metric=metric, groups=groups, confidence=confidence)
    if pair.units < 2:
        return None
    seeds = [side.shape[1] for side in sides]
    observed = _side_means(observed_scores(metric, pair.both), seeds)
    resampled = _side_means(resampled_scores(metric, pair.both, pair.cluster, resamples, seed), seeds)
    gain = (resampled[1] - resampled[0]) * (-1 if metric.direction == "lower" else 1)
    basis = paired_bootstrap_basis(pair, resamples, seed)
    lowest = percentile_interval(gain, basis, confidence).low
    if lowest is None or lowest <= 0:
        return KeptGain(None, None, None, pair.n, "no interval", reliable=False, reason="A is not shown to gain anything over the base")
    # A resample in which A gains nothing is rarer than the tail that is cut off; its share would be meaningless.
    base, first, second = (side[gain > 0] for side in resampled)
    low, high = np.quantile((second - base) / (first - base), [(1 - confidence) / 2, (1 + confidence) / 2])
    value = float((observed[2] - observed[0]) / (observed[1] - observed[0]))
    return KeptGain(value, float(low), float(high), pair.n, basis.method, reliable=basis.reliable, reason=basis.reason)


def _side_means(scores: Array, seeds: Sequence[int]) -> list[Array]:
    """Scores of the seeds of all sides, (…, seeds) → the score of each side, (…), averaged over its seeds."""
    return [side.mean(axis=-1) for side in np.split(scores, np.cumsum(seeds)[:-1], axis=-1)]
