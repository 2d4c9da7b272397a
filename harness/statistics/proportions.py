"""Two systems that are right or wrong on the same rows: the mid-p test of McNemar and Tango's interval of the difference.

Only the rows where exactly one of the two is right speak: `gained` (the second is right, the first is not) and `lost`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.statistics.interval import Basis, Interval
from harness.statistics.intervals import clopper_pearson_upper

Array: TypeAlias = NDArray[np.float64]


def mcnemar_midp(gained: int, lost: int) -> float:
    """The two-sided mid-p value (Fagerland, Lydersen & Laake 2013, BMC Medical Research Methodology 13:91).

    The exact conditional p-value less the probability of the table that was seen. Valid for any n: its size passed 5 % in hardly
    any of the nearly 10,000 designs studied there, while the exact test is needlessly conservative.
    """
    from scipy.stats import binom

    total, smaller = gained + lost, min(gained, lost)
    if total == 0:
        return 1.0
    return min(1.0, float(2 * binom.cdf(smaller, total, 0.5) - binom.pmf(smaller, total, 0.5)))


def tango_interval(gained: int, lost: int, n: int, confidence: float = 0.95) -> Interval:
    """The score interval of (gained − lost)/n (Tango 1998, Statistics in Medicine 17:891–908).

    Valid for 10 independent rows or more. It has a width even where the two systems never differed.

    Raises:
        ValueError: more rows differ than there are.
    """
    if min(gained, lost) < 0 or gained + lost > n or n < 1:
        raise ValueError(f"{gained} gained and {lost} lost in {n} rows")
    low, high = tango_limits(gained, lost, n, confidence)
    return Basis(n, n, f"Tango, n={n}").unless(n >= 10, "fewer than 10 examples").interval(float(low), float(high))


def one_sided_share_limits(gained: int, lost: int, n: int, alpha: float) -> tuple[float, float]:
    """What the difference (gained − lost)/n is above, and below, each wrongly in at most α of the samples.

    Tango's own limits are crossed in up to 1.5 α of the samples where the one system is never wrong (and 2.4 α at α = 0.2). So they are
    taken at 0.8 α, and no nearer than Clopper and Pearson's limit of the losses (or gains) alone. All tables enumerated, for n from 30 to
    268, margins from 0.01 to 0.15, gains up to 0.2 and α from 0.01 to 0.2, they are crossed in at most α of the samples
    (`tests/analysis/test_pairs.py` does it for some). Valid for 30 independent rows or more.
    """
    low, high = tango_limits(gained, lost, n, 1 - 1.6 * alpha)
    least = gained / n - clopper_pearson_upper(lost, n, 1 - alpha)
    most = clopper_pearson_upper(gained, n, 1 - alpha) - lost / n
    return max(-1.0, min(float(low), least)), min(1.0, max(float(high), most))


def tango_limits(gained: ArrayLike, lost: ArrayLike, n: int, confidence: float = 0.95) -> tuple[Array, Array]:
    """Both limits for many tables at once, by bisection: the statistic falls as the assumed difference rises."""
    from statistics import NormalDist

    b, c = np.asarray(gained, dtype=np.float64), np.asarray(lost, dtype=np.float64)
    z, seen = NormalDist().inv_cdf((1 + confidence) / 2), (b - c) / n
    low = _crossing(b, c, n, target=z, left=np.full_like(seen, -1.0), right=seen)
    high = _crossing(b, c, n, target=-z, left=seen, right=np.full_like(seen, 1.0))
    return low, high


def _crossing(b: Array, c: Array, n: int, *, target: float, left: Array, right: Array) -> Array:
    for _ in range(60):  # each halves an interval no longer than 2: down to the last bit
        middle = (left + right) / 2
        above = _statistic(b, c, n, middle) > target
        left, right = np.where(above, middle, left), np.where(above, right, middle)
    return np.asarray((left + right) / 2)


def _statistic(b: Array, c: Array, n: int, delta: Array) -> Array:
    """Tango's score statistic for a true difference `delta`, with the likeliest share of losses under it."""
    linear = (2 * n - b + c) * delta - b - c
    losses = (np.sqrt(np.maximum(linear**2 + 8 * n * c * delta * (1 - delta), 0.0)) - linear) / (4 * n)
    variance = n * (2 * losses + delta * (1 - delta))
    distance = b - c - n * delta
    return np.where(variance > 0, distance / np.sqrt(np.where(variance > 0, variance, 1.0)), np.sign(distance) * np.finfo(np.float64).max)
