"""How sure is a number? Intervals for means, proportions and corpus scores.

Every function says for which data it holds. Outside that range it still answers where it can, and the interval is not `reliable`.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.clusters import Groups, cluster_index
from harness.statistics.interval import Basis, Interval, no_interval, too_few_units
from harness.statistics.mean_errors import MeanError, mean_error
from harness.statistics.mean_limits import may_be_skewed, mean_limits
from harness.statistics.resampling import Aggregate, resampled_totals

Array: TypeAlias = NDArray[np.float64]


def mean_interval(values: Array, groups: Groups | None = None, confidence: float = 0.95) -> Interval:
    """The interval of a mean: t with SE = s/√n, where groups repeat with a cluster-robust one (see `mean_errors`), and where the values
    are skewed with Hall's limits beside those of t (see `mean_limits`).

    Valid for 30 rows or more, or 10 degrees of freedom with groups, and a mean whose skewness is at most 0.25 either way (n rows of
    skewness γ: γ/√n; beyond, it hangs on few rows). Values that are all equal say nothing about the spread: the interval then has no
    width and is not reliable.

    Args:
        values: (n,), no NaN.
        groups: (n,), the cluster of each row; None is a cluster of its own.
    """
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    cluster = cluster_index(groups, n)
    count = units(n, cluster) if n else 0
    if count < 2:
        return no_interval(n, count, too_few_units(n, count))
    error = mean_error(values, cluster)
    low, high = mean_limits(float(np.mean(values)), error, (1 - confidence) / 2)
    return mean_basis(error, n, cluster, least_df=10).interval(low, high, se=error.se, df=error.df)


def mean_basis(error: MeanError, n: int, cluster: NDArray[np.int64] | None, *, least_df: int) -> Basis:
    """What a mean's limits rest on. They are known to hold with 30 rows, or so many degrees of freedom where groups repeat."""
    method = "t and Hall's" if may_be_skewed(error) else "t"
    few = "fewer than 30 examples"
    if cluster is None:
        method = f"{method}, n={n}"
    else:
        method = f"cluster-robust {method} (CR2), n={n} in {units(n, cluster)} groups, df={error.df:.1f}"
        few = f"fewer than {least_df} degrees of freedom"
    basis = Basis(n, units(n, cluster), method)
    basis = basis.unless(error.se > 0, "all examples have the same value")
    basis = basis.unless(round(error.df, 6) >= (29 if cluster is None else least_df), few)
    return basis.unless(abs(error.skewness) <= 0.25, "a few examples dominate the mean")


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """The score interval of a proportion (Wilson 1927, JASA 22; Brown, Cai & DasGupta 2001, Statistical Science 16).

    Valid for 10 independent rows or more. Its coverage is right on average over proportions; close to 0 and 1 (fewer than about
    one expected event) it can fall to 84 %: there take `clopper_pearson_interval`.

    Raises:
        ValueError: successes are not within 0…n.
    """
    _check_counts(successes, n)
    if n == 0:
        return no_interval(0, 0, "no examples")
    z = _z(confidence)
    share, shrink = successes / n, 1 + z**2 / n
    middle = (share + z**2 / (2 * n)) / shrink
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / shrink
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == n else middle + half
    basis = Basis(n, n, f"Wilson, n={n}").unless(n >= 10, "fewer than 10 examples")
    return basis.interval(low, high, se=math.sqrt(share * (1 - share) / n))


def clopper_pearson_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """The exact interval of a proportion (Clopper & Pearson 1934, Biometrika 26): covers at least as often as it says, for any n.

    Raises:
        ValueError: successes are not within 0…n.
    """
    from scipy.stats import beta

    _check_counts(successes, n)
    if n == 0:
        return no_interval(0, 0, "no examples")
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(beta.ppf(tail, successes, n - successes + 1))
    high = 1.0 if successes == n else float(beta.ppf(1 - tail, successes + 1, n - successes))
    return Basis(n, n, f"Clopper-Pearson, n={n}").interval(low, high)


def clopper_pearson_upper(successes: int, n: int, confidence: float = 0.95) -> float:
    """The one-sided exact ceiling of a rate: with 0 errors in n rows about 3/n. 1 where there are no rows.

    Raises:
        ValueError: successes are not within 0…n.
    """
    from scipy.stats import beta

    _check_counts(successes, n)
    return 1.0 if successes == n else float(beta.ppf(confidence, successes + 1, n - successes))


def bootstrap_interval(
    stats: Array,
    aggregate: Aggregate,
    groups: Groups | None = None,
    *,
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Interval:
    """The percentile bootstrap interval of a score made of additive statistics (Efron & Tibshirani 1993, chapter 13).

    Valid for 100 rows or more (with groups: 100 groups) where each count that occurs does so in 5 rows or more: a class of three rows
    makes the interval of a macro average too narrow (simulated coverage 93–96 % inside this range; 87–92 % at 50 rows with a rare class).

    Args:
        stats: (n, d), the additive statistics of the rows.
        aggregate: totals (…, d) and numbers of rows (…) → scores (…).
    """
    stats = np.asarray(stats, dtype=np.float64)
    cluster = cluster_index(groups, len(stats))
    count = units(len(stats), cluster)
    if count < 2:
        return no_interval(len(stats), count, too_few_units(len(stats), count))
    scores = aggregate(*resampled_totals(stats, cluster, resamples, seed))
    return percentile_interval(scores, bootstrap_basis(stats, cluster, resamples, seed), confidence)


def percentile_interval(scores: Array, basis: Basis, confidence: float = 0.95) -> Interval:
    """The interval between the percentiles of resampled scores, (resamples,)."""
    low, high = np.quantile(scores, [(1 - confidence) / 2, (1 + confidence) / 2])
    return basis.interval(float(low), float(high), se=float(np.std(scores, ddof=1)))


def bootstrap_basis(stats: Array, cluster: NDArray[np.int64] | None, resamples: int, seed: int, *, biased: bool = False) -> Basis:
    """What a bootstrap of these statistics (n, …) rests on; `biased` where resampling shifts the score, however many rows there are."""
    n, count = len(stats), units(len(stats), cluster)
    occurs = np.count_nonzero(stats.reshape(n, -1), axis=0)
    rarest = int(occurs[occurs > 0].min(initial=n))
    size = f"n={n}" if cluster is None else f"n={n} in {count} groups"
    label = f"bootstrap percentile, {size}, {resamples} resamples, seed {seed}"
    if rarest < 5:
        label += f", rarest count in {rarest} rows"
    basis = Basis(n, count, label).unless(not biased, "resampling shifts this score")
    basis = basis.unless(count >= 100, f"fewer than 100 {'examples' if cluster is None else 'groups'}")
    return basis.unless(rarest >= 5, "a class or count occurs in fewer than 5 examples")


def units(n: int, cluster: NDArray[np.int64] | None) -> int:
    """How many independent things were seen: rows, or clusters."""
    return n if cluster is None else int(cluster.max()) + 1


def unseen_share(n: int, confidence: float = 0.95) -> float:
    """1 − ((1 − confidence)/2)^(1/n): how often something may happen that n rows have not shown once (Clopper and Pearson's limit at 0)."""
    return float(1 - ((1 - confidence) / 2) ** (1 / n))


def unseen_room(value: float, ends: tuple[float, float], n: int, confidence: float = 0.95) -> tuple[float, float]:
    """How far a mean of `value` may lie from the truth because of what n rows cannot have shown: `unseen_share` of them at either end of
    the scale."""
    share, (lowest, highest) = unseen_share(n, confidence), ends
    return value - share * (value - lowest), value + share * (highest - value)


def _z(confidence: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf((1 + confidence) / 2)


def _check_counts(successes: int, n: int) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes in {n} rows")
