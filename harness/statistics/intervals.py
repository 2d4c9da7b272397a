"""How sure is a number? Intervals for means, proportions and corpus scores.

Every function says for which data it holds. Outside that range it still answers where it can, and `method` ends in ": rough".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.clusters import Groups, cluster_index
from harness.statistics.mean_errors import MeanError, mean_error
from harness.statistics.mean_limits import may_be_skewed, mean_limits
from harness.statistics.resampling import Aggregate, resampled_totals

Array: TypeAlias = NDArray[np.float64]

ROUGH = ": rough"


@dataclass(frozen=True)
class Interval:
    """A confidence interval. `low` and `high` are None where no valid one exists, and `method` says why.

    `se` is the standard error and `df` the degrees of freedom, where the method has them.
    """

    low: float | None
    high: float | None
    se: float | None
    df: float | None
    method: str


def mean_interval(values: Array, groups: Groups | None = None, confidence: float = 0.95) -> Interval:
    """The interval of a mean: t with SE = s/√n, where groups repeat with a cluster-robust one (see `mean_errors`), and where the values
    are skewed with Hall's limits beside those of t (see `mean_limits`).

    Valid for 30 rows or more, or 10 degrees of freedom with groups, and a mean whose skewness is at most 0.25 either way (n rows of
    skewness γ: γ/√n; beyond, it hangs on few rows). Values that are all equal say nothing about the spread: the interval then has no
    width and is called rough.

    Args:
        values: (n,), no NaN.
        groups: (n,), the cluster of each row; None is a cluster of its own.
    """
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    cluster = cluster_index(groups, n)
    if n < 2:
        return Interval(None, None, None, None, f"no interval: {n} {'row' if n == 1 else 'rows'}")
    if units(n, cluster) < 2:
        return Interval(None, None, None, None, f"no interval: all {n} rows are in one group")
    error = mean_error(values, cluster)
    low, high = mean_limits(float(np.mean(values)), error, (1 - confidence) / 2)
    return Interval(low, high, error.se, error.df, mean_label(error, n, cluster, least_df=10))


def mean_label(error: MeanError, n: int, cluster: NDArray[np.int64] | None, *, least_df: int) -> str:
    """The method of a mean's limits. It is known to hold with 30 rows, or so many degrees of freedom where groups repeat."""
    method = "t and Hall's" if may_be_skewed(error) else "t"
    if cluster is None:
        method = f"{method}, n={n}"
    else:
        method = f"cluster-robust {method} (CR2), n={n} in {units(n, cluster)} groups, df={error.df:.1f}"
    enough = round(error.df, 6) >= (29 if cluster is None else least_df)
    return method if enough and error.se > 0 and abs(error.skewness) <= 0.25 else method + ROUGH


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """The score interval of a proportion (Wilson 1927, JASA 22; Brown, Cai & DasGupta 2001, Statistical Science 16).

    Valid for 10 independent rows or more. Its coverage is right on average over proportions; close to 0 and 1 (fewer than about
    one expected event) it can fall to 84 %: there take `clopper_pearson_interval`.

    Raises:
        ValueError: successes are not within 0…n.
    """
    _check_counts(successes, n)
    if n == 0:
        return Interval(None, None, None, None, "no interval: 0 rows")
    z = _z(confidence)
    share, shrink = successes / n, 1 + z**2 / n
    middle = (share + z**2 / (2 * n)) / shrink
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / shrink
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == n else middle + half
    return Interval(low, high, math.sqrt(share * (1 - share) / n), None, f"Wilson, n={n}" + ("" if n >= 10 else ROUGH))


def clopper_pearson_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """The exact interval of a proportion (Clopper & Pearson 1934, Biometrika 26): covers at least as often as it says, for any n.

    Raises:
        ValueError: successes are not within 0…n.
    """
    from scipy.stats import beta

    _check_counts(successes, n)
    if n == 0:
        return Interval(None, None, None, None, "no interval: 0 rows")
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(beta.ppf(tail, successes, n - successes + 1))
    high = 1.0 if successes == n else float(beta.ppf(1 - tail, successes + 1, n - successes))
    return Interval(low, high, None, None, f"Clopper-Pearson, n={n}")


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
    if units(len(stats), cluster) < 2:
        return Interval(None, None, None, None, f"no interval: {units(len(stats), cluster)} independent rows")
    scores = aggregate(*resampled_totals(stats, cluster, resamples, seed))
    return percentile_interval(scores, bootstrap_label(stats, cluster, resamples, seed), confidence)


def percentile_interval(scores: Array, method: str, confidence: float = 0.95) -> Interval:
    """The interval between the percentiles of resampled scores, (resamples,)."""
    low, high = np.quantile(scores, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high), float(np.std(scores, ddof=1)), None, method)


def bootstrap_label(stats: Array, cluster: NDArray[np.int64] | None, resamples: int, seed: int, *, rough: bool = False) -> str:
    """What a bootstrap of these statistics (n, …) says of itself; `rough` where it is off for the score, however many rows there are."""
    n = len(stats)
    occurs = np.count_nonzero(stats.reshape(n, -1), axis=0)
    rarest = int(occurs[occurs > 0].min(initial=n))
    size = f"n={n}" if cluster is None else f"n={n} in {units(n, cluster)} groups"
    label = f"bootstrap percentile, {size}, {resamples} resamples, seed {seed}"
    if rarest < 5:
        label += f", rarest count in {rarest} rows"
    return label + ("" if units(n, cluster) >= 100 and rarest >= 5 and not rough else ROUGH)


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
