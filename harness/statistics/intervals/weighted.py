"""Means, proportions and paired differences of examples that were sampled with unequal, known probabilities."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.distributions import t_quantile
from harness.statistics.examples import Groups, cluster_index, count_units
from harness.statistics.intervals.interval import Basis, Interval, no_interval, too_few_units
from harness.statistics.intervals.mean_errors import mean_error
from harness.statistics.intervals.means import mean_interval
from harness.statistics.intervals.paired_proportions import tango_limits
from harness.statistics.intervals.proportions import share_limits

Array: TypeAlias = NDArray[np.float64]

_SAME = 1e-9
_MISSED = 4  # so many examples with the largest weights are all missed with a probability of 2.5%


def weighted_mean(values: Array, probabilities: Array, groups: Groups | None = None, confidence: float = 0.95) -> tuple[float, Interval]:
    """The mean over all examples, estimated from those that were sampled with these probabilities, and its interval.

    Each value counts as 1/probability (Hájek 1971; Särndal, Swensson & Wretman 1992, "Model Assisted Survey Sampling", section 5.7), with
    the linearised variance of sampling with replacement, which is conservative, and t with the jackknife's correction and Satterthwaite's
    degrees of freedom for these weights (see `mean_errors`). Equal probabilities give `mean_interval`. Valid for 30 examples or groups.

    Args:
        values: (n,).
        probabilities: (n,), above 0; only their ratios matter.

    Raises:
        ValueError: no value, values and probabilities of different length, or a probability that is not above 0.
    """
    values, probabilities = np.asarray(values, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    n = len(values)
    if n == 0 or len(probabilities) != n or not (probabilities > 0).all():
        raise ValueError(f"{n} values and {len(probabilities)} probabilities, which must all be above 0")
    if np.ptp(probabilities) < 1e-12:
        return float(values.mean()), mean_interval(values, groups, confidence)
    weights = 1 / probabilities
    mean = float(np.average(values, weights=weights))
    cluster = cluster_index(groups, n)
    units = count_units(n, cluster)
    if units < 2:
        return mean, no_interval(n, units, too_few_units(n, units))
    error = mean_error(values, cluster, weights)
    half = error.se * t_quantile((1 + confidence) / 2, error.df)
    method = f"{_with_size('weighted by 1/probability', n, units)}, df={error.df:.1f}"
    basis = Basis(n, units, method).require(error.se > 0, "all examples have the same value")
    basis = basis.require(units >= 30, f"fewer than 30 {'examples' if cluster is None else 'groups'}")
    return mean, basis.interval(mean - half, mean + half, se=error.se, df=error.df)


def weighted_share(values: Array, probabilities: Array, groups: Groups | None = None, confidence: float = 0.95) -> tuple[float, Interval]:
    """A proportion of examples that were sampled with unequal probabilities, or that share groups, and its interval.

    It is the interval of Clopper and Pearson for the number of independent examples that carry the same information (Korn & Graubard 1998,
    "Confidence intervals for proportions with small expected number of positive counts estimated from survey data", Survey Methodology
    24). It holds for rare events, where `weighted_mean` does not. Where no event, or nothing else, was seen, the examples with the smallest
    probabilities may be the ones that were missed: the effective number is then Σw over the mean of the largest weights, taken over as many
    as can all be missed with probability (1 − confidence)/2, and at most the number of groups.

    Args:
        values: (n,), each 0 or 1.
        probabilities, groups: as for `weighted_mean`.

    Raises:
        ValueError: as `weighted_mean`, or a value that is neither 0 nor 1.
    """
    values, probabilities = np.asarray(values, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    if not np.isin(values, (0.0, 1.0)).all():
        raise ValueError("the values of a proportion must be 0 or 1")
    share, interval = weighted_mean(values, probabilities, groups, confidence)
    n = len(values)
    cluster = cluster_index(groups, n)
    units = count_units(n, cluster)
    if units < 2:
        return share, interval
    weights = 1 / probabilities
    if interval.se and 0 < share < 1:
        df = interval.df or units - 1.0
        tail = (1 + confidence) / 2
        effective = share * (1 - share) / interval.se**2 * (t_quantile(tail, n - 1) / t_quantile(tail, df)) ** 2
    else:
        missed = math.ceil(-math.log((1 - confidence) / 2))
        effective = float(weights.sum() / np.sort(weights)[-missed:].mean())
    effective = min(effective, float(n if 0 < share < 1 else units))
    low, high = share_limits(share, effective, confidence, exact=True)
    basis = Basis(n, units, f"{_with_size('Korn–Graubard', n, units)}, effective n={effective:.0f}")
    basis = basis.require(units >= 10, f"fewer than 10 {'examples' if cluster is None else 'groups'}")
    return share, basis.interval(low, high, se=interval.se, df=interval.df)


def weighted_difference(
    differences: Array, probabilities: Array, groups: Groups | None = None, *, largest: float = 1.0, confidence: float = 0.95
) -> tuple[float, Interval]:
    """The mean of paired differences between two systems over all examples, and its interval.

    Where every difference is 0 or as large as it can be (one system is right, the other is not), or fewer than ten examples differ, it is
    Tango's interval of the effective table: the weighted shares of gains and losses, times as many independent examples as carry the same
    information. Their number follows from Kish's design effect (1965, "Survey Sampling", section 11.7) on the examples that differ, m =
    (Σw)²/Σw² over these, divided by their weighted share. It is at most n: the examples with the largest weights may be missed. Where
    examples share groups, it is at most what the cluster-robust variance gives. A difference between 0 and the largest counts as a part
    of a gain or loss, which is on the safe side.

    Otherwise it is that of `weighted_mean`, which needs many differing examples. In simulations (30–200 examples, 3–50% differ, sampled
    up to eight times as often where they differ, where they do not, or at random), the mean covered differences of −1, 0 and 1 in 35–97%
    of samples, the effective table in 94–100%. Valid for 30 examples or groups.

    Args:
        differences: (n,), from −largest to largest.
        probabilities, groups: as for `weighted_mean`.
        largest: the largest difference that the scale has.

    Raises:
        ValueError: as `weighted_mean`, or a difference beyond the largest.
    """
    values = np.asarray(differences, dtype=np.float64) / largest
    if (np.abs(values) > 1 + _SAME).any():
        raise ValueError(f"differences must be within ±{largest}")
    mean, plain = weighted_mean(differences, probabilities, groups, confidence)
    n = len(values)
    cluster = cluster_index(groups, n)
    units = count_units(n, cluster)
    is_table = bool(np.isin(np.abs(values), (0.0, 1.0)).all())
    if units < 2 or (not is_table and np.count_nonzero(values) >= 10):
        return mean, plain
    weights = 1 / np.asarray(probabilities, dtype=np.float64)
    effective = _effective_pairs(values, weights, units, None if cluster is None or not plain.se else plain.se / largest)
    total = weights.sum()
    gained, lost = (float(weights @ np.maximum(side, 0.0) / total) * effective for side in (values, -values))
    low, high = tango_limits(gained, lost, effective, confidence)
    basis = Basis(n, units, f"{_with_size('Tango', n, units)}, effective n={effective:.0f}")
    basis = basis.require(units >= 30, f"fewer than 30 {'examples' if cluster is None else 'groups'}")
    return mean, basis.interval(float(low) * largest, float(high) * largest, se=plain.se)


def _effective_pairs(values: Array, weights: Array, units: int, se: float | None) -> float:
    """How many independent pairs carry the same information as these differences from −1 to 1.

    Args:
        se: the cluster-robust standard error of their mean; None where all examples are independent.
    """
    differ = values != 0
    if not differ.any():
        missed = min(len(weights), _MISSED)
        return min(float(weights.sum() / np.sort(weights)[-missed:].mean()), float(units))
    discordant = float(weights[differ].sum())
    pairs = discordant * float(weights.sum()) / float((weights[differ] ** 2).sum())
    if se is not None:
        share, mean = float(weights @ np.abs(values) / weights.sum()), float(np.average(values, weights=weights))
        pairs = min(pairs, (share - mean**2) / se**2)
    return min(pairs, float(len(values)))


def _with_size(method: str, n: int, units: int) -> str:
    return f"{method}, n={n}" + (f" in {units} groups" if units < n else "")
