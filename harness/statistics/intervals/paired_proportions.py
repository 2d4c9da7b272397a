"""Two systems that are right or wrong on the same examples: McNemar's mid-p test and Tango's interval of the difference.

Only the examples on which exactly one of the two is right count: `gained` (the second is right, the first is not) and `lost`.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.statistics.intervals.interval import Basis, Interval
from harness.statistics.intervals.proportions import clopper_pearson_upper

Array: TypeAlias = NDArray[np.float64]


def mcnemar_midp(gained: int, lost: int) -> float:
    """The two-sided mid-p value (Fagerland, Lydersen & Laake 2013, BMC Medical Research Methodology 13:91).

    It is the exact conditional p-value less the probability of the observed table. Valid for any n: its size exceeded 5% in hardly any of
    the nearly 10,000 designs studied there, while the exact test is needlessly conservative.
    """
    from scipy.stats import binom

    total, smaller = gained + lost, min(gained, lost)
    if total == 0:
        return 1.0
    return min(1.0, float(2 * binom.cdf(smaller, total, 0.5) - binom.pmf(smaller, total, 0.5)))


def tango_interval(gained: int, lost: int, n: int, confidence: float = 0.95) -> Interval:
    """The score interval of (gained − lost)/n (Tango 1998, Statistics in Medicine 17:891–908).

    Valid for 10 independent examples or more. It has a width even where the two systems never differ.

    Raises:
        ValueError: more examples differ than there are.
    """
    if min(gained, lost) < 0 or gained + lost > n or n < 1:
        raise ValueError(f"{gained} gained and {lost} lost in {n} examples")
    low, high = tango_limits(gained, lost, n, confidence)
    return Basis(n, n, f"Tango, n={n}").require(n >= 10, "fewer than 10 examples").interval(float(low), float(high))


def paired_proportion_limits(gained: int, lost: int, n: int, alpha: float) -> tuple[float, float]:
    """One-sided limits of (gained − lost)/n: it is above the first, and below the second, each wrongly in at most alpha of all samples.

    Tango's own limits are crossed in up to 1.5 alpha of the samples where one system is never wrong (2.4 alpha at alpha = 0.2). So they are
    taken at 0.8 alpha, and never inside the limit of Clopper and Pearson for the losses (or gains) alone. With all tables enumerated, for n
    from 30 to 268, margins from 0.01 to 0.15, gains up to 0.2 and alpha from 0.01 to 0.2, these limits are crossed in at most alpha of the
    samples (`tests/statistics/comparison/test_paired_counts.py` repeats some of it). Valid for 30 independent examples or more.
    """
    low, high = tango_limits(gained, lost, n, 1 - 1.6 * alpha)
    outer_low = gained / n - clopper_pearson_upper(lost, n, 1 - alpha)
    outer_high = clopper_pearson_upper(gained, n, 1 - alpha) - lost / n
    return max(-1.0, min(float(low), outer_low)), min(1.0, max(float(high), outer_high))


def paired_proportions_exceed(gained: Array, lost: Array, n: int, threshold: float, alpha: float) -> NDArray[np.bool_]:
    """For each table, whether the lower limit of `paired_proportion_limits` is above a threshold between −1 and 1: computed without the
    limits, which takes a hundredth of the time."""
    from statistics import NormalDist

    from scipy.special import bdtr

    by_tango = _statistic(gained, lost, n, np.full_like(gained, threshold)) > NormalDist().inv_cdf(1 - 0.8 * alpha)
    ceiling = gained / n - threshold  # the losses must be shown to be rarer
    by_losses = bdtr(lost, n, np.clip(ceiling, 0.0, 1.0)) < alpha
    return np.asarray(by_tango & (ceiling > 0) & by_losses)


def tango_limits(gained: ArrayLike, lost: ArrayLike, n: float, confidence: float = 0.95) -> tuple[Array, Array]:
    """Both limits for many tables at once, by bisection: the statistic falls as the assumed difference rises."""
    from statistics import NormalDist

    b, c = np.asarray(gained, dtype=np.float64), np.asarray(lost, dtype=np.float64)
    z, observed = NormalDist().inv_cdf((1 + confidence) / 2), (b - c) / n
    if b.ndim == c.ndim == 0:  # a single table: plain numbers are fifty times faster than arrays of one
        ends = (
            _find_crossing(float(b), float(c), n, z, -1.0, float(observed)),
            _find_crossing(float(b), float(c), n, -z, float(observed), 1.0),
        )
        return np.asarray(ends[0]), np.asarray(ends[1])
    low = _crossing(b, c, n, target=z, left=np.full_like(observed, -1.0), right=observed)
    high = _crossing(b, c, n, target=-z, left=observed, right=np.full_like(observed, 1.0))
    return low, high


def _crossing(b: Array, c: Array, n: float, *, target: float, left: Array, right: Array) -> Array:
    for _ in range(60):  # halves an interval of length 2 at most: exact to the last bit
        middle = (left + right) / 2
        above = _statistic(b, c, n, middle) > target
        left, right = np.where(above, middle, left), np.where(above, right, middle)
    return np.asarray((left + right) / 2)


def _find_crossing(b: float, c: float, n: float, target: float, left: float, right: float) -> float:
    """`_crossing` for one table."""
    for _ in range(60):
        middle = (left + right) / 2
        linear = (2 * n - b + c) * middle - b - c
        losses = (math.sqrt(max(linear * linear + 8 * n * c * middle * (1 - middle), 0.0)) - linear) / (4 * n)
        variance = n * (2 * losses + middle * (1 - middle))
        distance = b - c - n * middle
        above = distance / math.sqrt(variance) > target if variance > 0 else distance > 0
        left, right = (middle, right) if above else (left, middle)
    return (left + right) / 2


def _statistic(b: Array, c: Array, n: float, delta: Array) -> Array:
    """Tango's score statistic for a true difference `delta`, with the most likely share of losses under it."""
    linear = (2 * n - b + c) * delta - b - c
    losses = (np.sqrt(np.maximum(linear**2 + 8 * n * c * delta * (1 - delta), 0.0)) - linear) / (4 * n)
    variance = n * (2 * losses + delta * (1 - delta))
    distance = b - c - n * delta
    return np.where(variance > 0, distance / np.sqrt(np.where(variance > 0, variance, 1.0)), np.sign(distance) * np.finfo(np.float64).max)
