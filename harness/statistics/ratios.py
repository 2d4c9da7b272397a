"""Differences as shares of something: errors that B has fewer than A, and what B keeps of the gain that A brings over the base model.

Both are ratios of scores on the same examples, with percentile intervals of a paired bootstrap, and both are refused where the number
below the line cannot be told from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.intervals import bootstrap_basis, percentile_interval, unseen_share
from harness.statistics.pairs import paired, side_means, stacked
from harness.statistics.resampling import resampled_scores, seen_scores
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Reduction:
    """How many errors fewer B has than A: 0.6 is 60 % fewer, below 0 is more.

    `value` and its interval are None where A's own rate cannot be told from 0, so that nothing can be measured in shares of it;
    `reason` says so. `before` and `after` are the rates of A and B on the n rows, in the metric's `unit`.
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
    """1 − e_B/e_A with its percentile interval from a paired bootstrap of rows, or of clusters where groups repeat.

    Valid as `bootstrap_interval` is: 100 rows or groups. Seeds are averaged within an example first. None without any row that has
    a number on both sides, or with fewer than two independent ones.

    Args:
        a, b: scores or statistics, in the shapes of `compare_scores`.

    Raises:
        ValueError: shapes that do not fit, or a metric for which lower is not better.
    """
    if metric.direction != "lower":
        raise ValueError(f"{metric.name}: only what should be low is reduced")
    pair, _ = paired(a, b, metric=metric, groups=groups, confidence=confidence)
    if pair.units < 2:
        return None
    n = len(pair.a)
    before, after = (float(rate) for rate in side_means(pair, seen_scores(metric, pair.both)))
    first, second = side_means(pair, resampled_scores(metric, pair.both, pair.cluster, resamples, seed))
    basis = bootstrap_basis(pair.both, pair.cluster, resamples, seed, biased=metric.resampling_biased)
    lowest = percentile_interval(first, basis, confidence).low
    if lowest is None or lowest <= 0:
        reason = "the first rate cannot be told from 0"
        return Reduction(None, None, None, before, after, metric.unit, n, "no interval", reliable=False, reason=reason)
    # A resample without any error of A is rarer than the tail that is cut off, so what stands in its place does not matter.
    ratios = np.where(first > 0, 1 - second / np.where(first > 0, first, 1.0), -np.inf)
    low, high = np.quantile(ratios, [(1 - confidence) / 2, (1 + confidence) / 2])
    basis = replace(basis, method=f"paired {basis.method}")
    if after == 0 and metric.level == "example":  # no error of B: n rows can hide some, each as many as the worst of A
        low = min(float(low), 1 - unseen_share(pair.units, confidence) * max(1.0, float(pair.a.max())) / before)
        method = f"{basis.method}, no error seen: Clopper–Pearson of none in {pair.units}"
        basis = replace(basis, method=method, reason="the second side made no error")
    reliability = basis.method, basis.reliable, basis.reason
    return Reduction(1 - after / before, float(low), float(high), before, after, metric.unit, n, *reliability)


@dataclass(frozen=True)
class Kept:
    """What B keeps of A's gain over the base: 0.9 is nine tenths of it, above 1 is more than A gains, below 0 is worse than base.

    `value` and its interval are None where A is not shown to gain anything over the base; `reason` says so.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str
    reliable: bool
    reason: str


def kept_quality(
    base: Array,
    a: Array,
    b: Array,
    *,
    metric: Metric,
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Kept | None:
    """(B − base)/(A − base) with its percentile interval; valid as `bootstrap_interval` is. None with fewer than two independent rows.

    Args:
        base, a, b: scores or statistics, in the shapes of `compare_scores`.

    Raises:
        ValueError: shapes that do not fit, or a metric without a better direction.
    """
    if metric.direction == "none":
        raise ValueError(f"{metric.name}: neither more nor less of it is better, so nothing is gained")
    sides = [stacked(side, metric) for side in (base, a, b)]
    pair, _ = paired(np.concatenate(sides[:2], axis=1), sides[2], metric=metric, groups=groups, confidence=confidence)
    if pair.units < 2:
        return None
    n, seeds = len(pair.a), [side.shape[1] for side in sides]
    all_three = pair.both  # (n, seeds of base, A and B, d)
    seen = _means(seen_scores(metric, all_three), seeds)
    drawn = _means(resampled_scores(metric, all_three, pair.cluster, resamples, seed), seeds)
    gain = (drawn[1] - drawn[0]) * (-1 if metric.direction == "lower" else 1)
    basis = bootstrap_basis(all_three, pair.cluster, resamples, seed, biased=metric.resampling_biased)
    lowest = percentile_interval(gain, basis, confidence).low
    if lowest is None or lowest <= 0:
        return Kept(None, None, None, n, "no interval", reliable=False, reason="A is not shown to gain anything over the base")
    # A resample in which A gains nothing is rarer than the tail that is cut off; its share would mean nothing.
    base, first, second = (side[gain > 0] for side in drawn)
    shares = (second - base) / (first - base)
    low, high = np.quantile(shares, [(1 - confidence) / 2, (1 + confidence) / 2])
    share = float((seen[2] - seen[0]) / (seen[1] - seen[0]))
    return Kept(share, float(low), float(high), n, f"paired {basis.method}", basis.reliable, basis.reason)


def _means(scores: Array, seeds: Sequence[int]) -> list[Array]:
    """Scores of the seeds of all sides (…, seeds) → the score of each side (…), the mean of its seeds'."""
    return [side.mean(axis=-1) for side in np.split(scores, np.cumsum(seeds)[:-1], axis=-1)]
