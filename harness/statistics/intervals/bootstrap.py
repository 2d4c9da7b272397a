"""Intervals and one-sided limits of scores that only exist for a whole set of examples, from the bootstrap.

A ratio of counts is lower in a sample than in the population, and lower again in a resample. What a rare class adds to a macro average
rests on few examples. With plain percentiles, a candidate that is worse on a class of 12 examples in 400 passes "not worse" twice as often
as it should. One-sided limits are therefore corrected for bias and moved outwards where few examples determine the score; simulated in
`tests/gate/test_wrong_passes.py`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.distributions import normal_quantile, t_quantile
from harness.statistics.examples import Aggregate, Groups, cluster_index, cluster_sums, count_units, resampled_totals
from harness.statistics.intervals.classes import require_examples_of_labels, units_of_labels
from harness.statistics.intervals.interval import Basis, Interval, no_interval, too_few_units
from harness.statistics.intervals.mean_errors import MeanError, kurtosis_of_mean
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]

_MIN_EFFECTIVE_EXAMPLES = 10  # that determine a score, for its one-sided limits to be reliable
_BEYOND_CHANCE = 1.5  # standard errors of the skewness, as for means
_MOST_ACCELERATION = 4.0
_SAME = 1e-12


def bootstrap_interval(
    statistics: Array,
    aggregate: Aggregate,
    groups: Groups | None = None,
    *,
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Interval:
    """The percentile bootstrap interval of a score of additive statistics (Efron & Tibshirani 1993, chapter 13).

    Valid for 100 examples or more (with groups: 100 groups) where each count that occurs does so in 5 examples or more: a class of three
    examples makes the interval of a macro average too narrow (simulated coverage 93–96% inside this range; 87–92% at 50 examples with a
    rare class).

    Args:
        statistics: (n, d), the additive statistics of the examples.
        aggregate: totals (…, d) and numbers of examples (…) → scores (…).
    """
    statistics = np.asarray(statistics, dtype=np.float64)
    cluster = cluster_index(groups, len(statistics))
    units = count_units(len(statistics), cluster)
    if units < 2:
        return no_interval(len(statistics), units, too_few_units(len(statistics), units))
    scores = aggregate(*resampled_totals(statistics, cluster, resamples, seed))
    return percentile_interval(scores, bootstrap_basis(statistics, cluster, resamples, seed), confidence)


def percentile_interval(scores: Array, basis: Basis, confidence: float = 0.95) -> Interval:
    """The interval between the percentiles of resampled scores, (resamples,)."""
    low, high = np.quantile(scores, [(1 - confidence) / 2, (1 + confidence) / 2])
    return basis.interval(float(low), float(high), se=float(np.std(scores, ddof=1)))


def bootstrap_basis(
    statistics: Array, cluster: NDArray[np.int64] | None, resamples: int, seed: int, *, metric: Metric | None = None
) -> Basis:
    """The basis of a bootstrap of these statistics, (n, …): reliable from 100 examples or groups on.

    Args:
        metric: where it averages over labels, enough examples of each are needed (`require_examples_of_labels`). Otherwise each count that
            occurs must do so in 5 examples.
    """
    n, units = len(statistics), count_units(len(statistics), cluster)
    size = f"n={n}" if cluster is None else f"n={n} in {units} groups"
    method = f"bootstrap percentile, {size}, {resamples} resamples, seed {seed}"
    basis = Basis(n, units, method).require(units >= 100, f"fewer than 100 {'examples' if cluster is None else 'groups'}")
    if metric is not None and metric.labels:
        return require_examples_of_labels(basis, metric, statistics, cluster)
    occurrences = np.count_nonzero(statistics.reshape(n, -1), axis=0)
    rarest = int(occurrences[occurrences > 0].min(initial=n))
    if rarest < 5:
        basis = replace(basis, method=f"{method}, rarest count in {rarest} examples")
    return basis.require(rarest >= 5, "a class or count occurs in fewer than 5 examples")


def corrected_limits(observed: float, resampled: Array, left_out: Array, effective_n: float, alpha: float) -> tuple[float, float]:
    """The score is above the first, and below the second, each with confidence 1 − alpha.

    Efron's bias-corrected percentiles (Efron & Tibshirani 1993, section 14.3), moved away from the score

    - by the ratio of the t to the normal quantile (with one degree of freedom less than examples that determine the score) and by
      √(m/(m − 1)) for m such examples (Hesterberg 2015, "What Teachers Should Know About the Bootstrap", section 3.2);
    - where the influences of the examples are skewed, by the ratio of the accelerated (BCa, same section) to the bias-corrected normal
      quantile. The skewness counts as that of a mean does (see `means`): only beyond chance, moved by its standard error, only outwards.
      A percentile at 1% rests on too few resamples to be taken further out instead.

    Args:
        resampled: the score of each resample, (resamples,).
        left_out: the score without each example, or each group, (units,): `leave_one_out`.
        effective_n: how many examples determine the score: `effective_examples`.
    """
    from scipy.special import ndtr

    number = len(resampled)
    ties = np.abs(resampled - observed) <= _SAME
    lower = (np.count_nonzero(resampled < observed - _SAME) + np.count_nonzero(ties) / 2) / number
    bias = normal_quantile(min(max(lower, 1 / number), 1 - 1 / number))
    z = normal_quantile(1 - alpha)
    ends = np.quantile(resampled, ndtr([2 * bias - z, 2 * bias + z]))
    m = max(2.0, effective_n)
    wider = t_quantile(1 - alpha, m - 1) / z * math.sqrt(m / (m - 1))
    below, above = (wider * factor for factor in _acceleration(left_out, bias, z))
    return observed + below * (float(ends[0]) - observed), observed + above * (float(ends[1]) - observed)


def influence_error(se: float, left_out: Array, effective_n: float) -> MeanError:
    """The error of a score that behaves like a mean of the influences of its examples or groups.

    Args:
        left_out: the score without each of them, (units,): `leave_one_out`.
        effective_n: how many of them determine the score: `effective_examples`.
    """
    influences = left_out.mean() - left_out
    spread = float(np.sum(influences**2))
    skewness = float(np.sum(influences**3)) / spread**1.5 if spread > 0 else 0.0
    units = len(left_out)
    return MeanError(se, max(2.0, effective_n) - 1, skewness, math.sqrt(6) / units, kurtosis=kurtosis_of_mean(influences, units))


def _acceleration(left_out: Array, bias: float, z: float) -> tuple[float, float]:
    """By which factors the accelerated quantiles are further out than the bias-corrected ones, below and above."""
    estimate = influence_error(0.0, left_out, len(left_out))
    skewness, error = estimate.skewness, estimate.skewness_error
    if abs(skewness) <= _BEYOND_CHANCE * error:
        return 1.0, 1.0
    # (b ∓ z) / (1 − a (b ∓ z)) instead of b ∓ z, with a = skewness/6 and the bias b
    return _accelerated(z - bias, -(skewness - error) / 6), _accelerated(z + bias, (skewness + error) / 6)


def _accelerated(distance: float, acceleration: float) -> float:
    """1/(1 − a d), at least 1, and at most 4: at a d = 1 the quantile is infinite."""
    slope = acceleration * distance
    return 1.0 if slope <= 0 else 1 / max(1 - slope, 1 / _MOST_ACCELERATION)


def corrected_basis(basis: Basis, effective_n: float) -> Basis:
    """The basis of `corrected_limits`, from that of the bootstrap."""
    basis = replace(basis, method=basis.method.replace("percentile", "bias-corrected percentile"))
    if effective_n >= _MIN_EFFECTIVE_EXAMPLES:
        return basis
    method = f"{basis.method}, determined by {effective_n:.0f} examples"
    return replace(basis, method=method, reason=f"fewer than {_MIN_EFFECTIVE_EXAMPLES} examples determine the score")


def leave_one_out(metric: Metric, stack: Array, cluster: NDArray[np.int64] | None) -> Array:
    """The scores of all seeds without each example, or each group: (units, seeds).

    Args:
        stack: (n, seeds, d), additive statistics. Those of a metric of level "rows" are not additive: the result is then 0 everywhere, as
            if every example had the same influence.
    """
    n, seeds, d = stack.shape
    sums, sizes = cluster_sums(stack.reshape(n, seeds * d), cluster)
    if metric.level == "rows":
        return np.zeros((len(sums), seeds))
    rest = (sums.sum(axis=0) - sums).reshape(len(sums), seeds, d)
    return metric.aggregate(rest, np.broadcast_to((n - sizes)[:, None], (len(sums), seeds)))


def effective_examples(left_out: Array, metric: Metric, statistics: Array, cluster: NDArray[np.int64] | None) -> float:
    """How many examples, or groups, determine a score: (Σ l²)²/Σ l⁴, where l is the change of the score when one is left out.

    Where a score averages over labels, at least as many as the rarest label has: that two errors alone moved the score says little about
    how many could have, and failures that were not seen are allowed for otherwise (`unseen_units`).

    Args:
        left_out: the score without each of them, (units,).
        statistics: (n, seeds, d).
    """
    squares = (left_out - left_out.mean()) ** 2
    effective = float(squares.sum() ** 2 / (squares**2).sum()) if squares.any() else float(len(left_out))
    if not metric.labels:
        return effective
    counts = units_of_labels(metric, statistics, cluster)
    return max(effective, float(counts[counts > 0].min(initial=len(left_out))))
