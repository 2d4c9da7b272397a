"""Means of rows that were drawn with unequal, known chances."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.clusters import Groups, cluster_index, cluster_sums
from harness.statistics.interval import Basis, Interval, no_interval, too_few_units
from harness.statistics.intervals import mean_interval, units

Array: TypeAlias = NDArray[np.float64]


def weighted_mean(values: Array, chances: Array, groups: Groups | None = None, confidence: float = 0.95) -> tuple[float, Interval]:
    """The mean over all rows, from rows that were drawn with these chances, and its interval.

    Each row counts as 1/chance (Hájek 1971; Särndal, Swensson & Wretman 1992, "Model Assisted Survey Sampling", section 5.7), with the
    linearised variance of drawing with replacement, which is on the safe side, and t with one degree of freedom less than there are rows or
    groups. Equal chances give `mean_interval`. Valid for 30 rows or groups.

    Args:
        values, chances: (n,), chances above 0.

    Raises:
        ValueError: no row, other numbers of values and chances, or a chance that is not above 0.
    """
    values, chances = np.asarray(values, dtype=np.float64), np.asarray(chances, dtype=np.float64)
    n = len(values)
    if n == 0 or len(chances) != n or not (chances > 0).all():
        raise ValueError(f"{n} values and {len(chances)} chances, which must all be above 0")
    if np.ptp(chances) < 1e-12:
        return float(values.mean()), mean_interval(values, groups, confidence)
    from scipy.stats import t

    weights = 1 / chances
    mean = float(np.average(values, weights=weights))
    cluster = cluster_index(groups, n)
    count = units(n, cluster)
    if count < 2:
        return mean, no_interval(n, count, too_few_units(n, count))
    moves = (weights * (values - mean) / weights.sum())[:, None]
    sums, _ = cluster_sums(moves, cluster)
    se = math.sqrt(count / (count - 1) * float((sums**2).sum()))
    reach = se * float(t.ppf((1 + confidence) / 2, count - 1))
    label = f"weighted by 1/chance, n={n}" + (f" in {count} groups" if cluster is not None else "")
    basis = Basis(n, count, label).unless(se > 0, "all examples have the same value")
    basis = basis.unless(count >= 30, f"fewer than 30 {'examples' if cluster is None else 'groups'}")
    return mean, basis.interval(mean - reach, mean + reach, se=se, df=count - 1.0)


def weighted_share(values: Array, chances: Array, groups: Groups | None = None, confidence: float = 0.95) -> tuple[float, Interval]:
    """A proportion of rows that were drawn with unequal chances, or that share groups, and its interval.

    That is Clopper and Pearson's of as many independent rows as would tell as much (Korn & Graubard 1998, "Confidence intervals for
    proportions with small expected number of positive counts estimated from survey data", Survey Methodology 24). It holds for rare events,
    where `weighted_mean` does not; where none, or nothing else, was seen, it may be just the rows with the smallest chances that have
    escaped: the rows tell as much as Σw over the mean of the largest weights, of as many as can all escape with probability (1 −
    confidence)/2, and no more than there are groups.

    Args:
        values: (n,), each 0 or 1.
        chances, groups: as for `weighted_mean`.

    Raises:
        ValueError: as `weighted_mean` does, or a value that is neither 0 nor 1.
    """
    from scipy.stats import beta, t

    values, chances = np.asarray(values, dtype=np.float64), np.asarray(chances, dtype=np.float64)
    if not np.isin(values, (0.0, 1.0)).all():
        raise ValueError("a proportion is of values that are 0 or 1")
    share, interval = weighted_mean(values, chances, groups, confidence)
    n = len(values)
    cluster = cluster_index(groups, n)
    count = units(n, cluster)
    if count < 2:
        return share, interval
    weights = 1 / chances
    if interval.se and 0 < share < 1:
        df = interval.df or count - 1.0
        tail = (1 + confidence) / 2
        effective = share * (1 - share) / interval.se**2 * float((t.ppf(tail, n - 1) / t.ppf(tail, df)) ** 2)
    else:
        escape = math.ceil(-math.log((1 - confidence) / 2))
        effective = float(weights.sum() / np.sort(weights)[-escape:].mean())
    effective = min(effective, float(n if 0 < share < 1 else count))
    hits, tail = share * effective, (1 - confidence) / 2
    low = float(beta.ppf(tail, hits, effective - hits + 1)) if share > 0 else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, effective - hits)) if share < 1 else 1.0
    label = f"Korn–Graubard, n={n}" + (f" in {count} groups" if cluster is not None else "") + f", worth {effective:.0f}"
    basis = Basis(n, count, label).unless(count >= 10, f"fewer than 10 {'examples' if cluster is None else 'groups'}")
    return share, basis.interval(low, high, se=interval.se, df=interval.df)
