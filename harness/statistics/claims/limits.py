"""One-sided limits, each at level alpha, of a score and of a difference: what rules, recommendations and "not worse" are decided on.

| score | limits of a difference | limits of a score |
| --- | --- | --- |
| 0 or 1, one seed, no groups | `paired_proportion_limits` | Clopper–Pearson |
| 0 or 1 with groups | as for means | Korn–Graubard (`weighted_share`) |
| means of single examples | `mean_limits` | `mean_interval` at confidence 1 − 2 alpha |
| corpus scores | `corrected_limits` of the bootstrap | the same |
| no spread | those of `compare_scores` at confidence 1 − 2 alpha | the allowance for unseen values |

`difference_limits` are reliable from 30 examples on, or 20 degrees of freedom with groups: with a dozen groups, one sample in four shows no
failure that affects one group in ten.

The claim limits (`score_claim_limits`, `difference_claim_limits`) add two things that a decision about one model needs: an allowance for
failures that so few examples cannot have shown, and, on request, the spread of training seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS
from harness.statistics.comparison import (
    SAME,
    Pair,
    SeedSpread,
    compare_scores,
    make_pair,
    paired_basis,
    paired_bootstrap_basis,
    seed_spread,
)
from harness.statistics.examples import (
    cluster_index,
    complete_examples,
    count_units,
    observed_scores,
    resampled_scores,
    undefined_reason,
)
from harness.statistics.intervals import (
    Basis,
    Interval,
    OneSidedLimits,
    allow_for_unseen,
    bootstrap_basis,
    clopper_pearson_interval,
    corrected_basis,
    corrected_limits,
    effective_examples,
    leave_one_out,
    mean_basis,
    mean_error,
    mean_interval,
    mean_limits,
    paired_proportion_limits,
    too_few_units,
    weighted_share,
)
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


def difference_limits(
    a: Array,
    b: Array,
    *,
    metric: Metric,
    groups: Sequence[str | None] | None = None,
    alpha: float = 0.05,
    resamples: int = 2000,
    seed: int = 0,
) -> OneSidedLimits:
    """The limits of B − A, for scores or statistics in the shapes of `compare_scores`.

    Raises:
        ValueError: shapes that do not fit.
    """
    pair = make_pair(a, b, metric=metric, groups=groups, confidence=1 - 2 * alpha)
    if reason := undefined_reason(metric, pair.both):
        return Basis(pair.n, pair.units, "no limits", reason).limits(None, None, None, alpha)
    if metric.level == "example" and not pair.is_binary and pair.units > 2 and np.ptp(pair.differences) > SAME:
        return _mean_difference_limits(pair, alpha)
    if metric.level == "example" and pair.is_binary:
        return _proportion_difference_limits(pair, alpha)
    if metric.level != "example" and pair.units > 1:
        resampled = pair.difference(resampled_scores(metric, pair.both, pair.cluster, resamples, seed))
        if np.ptp(resampled) > SAME:
            return _corpus_difference_limits(pair, resampled, alpha, paired_bootstrap_basis(pair, resamples, seed))
    two_sided = compare_scores(a, b, metric=metric, groups=groups, margin=None, resamples=resamples, seed=seed, confidence=1 - 2 * alpha)
    basis = Basis(two_sided.n, two_sided.units, two_sided.method, two_sided.reason)
    return basis.limits(two_sided.difference, two_sided.low, two_sided.high, alpha, se=two_sided.se)


def _proportion_difference_limits(pair: Pair, alpha: float) -> OneSidedLimits:
    differences, n = np.round(pair.differences), pair.n
    gained, lost = int((differences > 0).sum()), int((differences < 0).sum())
    basis = Basis(n, n, f"Tango and Clopper–Pearson, n={n}").require(n >= 30, "fewer than 30 examples")
    return basis.limits((gained - lost) / n, *paired_proportion_limits(gained, lost, n, alpha), alpha)


def _corpus_difference_limits(pair: Pair, resampled: Array, alpha: float, basis: Basis) -> OneSidedLimits:
    observed = float(pair.difference(observed_scores(pair.metric, pair.both)))
    effective_n = effective_examples(pair.difference(leave_one_out(pair.metric, pair.both, pair.cluster)))
    limits = pair.bound(*corrected_limits(observed, resampled, effective_n, alpha))
    return corrected_basis(basis, effective_n).limits(observed, *limits, alpha, se=float(np.std(resampled, ddof=1)))


def _mean_difference_limits(pair: Pair, alpha: float) -> OneSidedLimits:
    differences = pair.differences
    mean, error = float(differences.mean()), mean_error(differences, pair.cluster)
    basis = paired_basis(differences, mean_basis(error, pair.n, pair.cluster, min_df=20))
    return basis.limits(mean, *pair.bound(*mean_limits(mean, error, alpha)), alpha, se=error.se, df=error.df)


def score_limits(
    stack: Array, *, metric: Metric, groups: Sequence[str | None], alpha: float = 0.05, resamples: int = 2000, seed: int = 0
) -> OneSidedLimits:
    """The limits of the score of one strategy, averaged over its seeds.

    Args:
        stack: (n, seeds, d), as `statistic_stack` returns; NaN where an example does not have the score.
    """
    complete = complete_examples(stack, groups)
    stack, n = complete.stack, len(complete.stack)
    if reason := undefined_reason(metric, stack):
        return Basis(n, n, "no limits", reason).limits(None, None, None, alpha)
    value = float(np.mean(observed_scores(metric, stack)))
    cluster, confidence = cluster_index(complete.groups, n), 1 - 2 * alpha
    units = count_units(n, cluster)
    if units < 2:
        return Basis(n, units, "no limits", too_few_units(n, units)).limits(value, None, None, alpha)
    values = stack[:, :, 0].mean(axis=1)
    if metric.level == "example" and metric.unit == "fraction" and np.isin(values, (0.0, 1.0)).all():
        interval = _proportion_interval(values, cluster, confidence)
    elif metric.level == "example":
        interval = mean_interval(values, cluster, confidence)
    else:
        resampled = resampled_scores(metric, stack, cluster, resamples, seed).mean(axis=1)
        effective_n = effective_examples(leave_one_out(metric, stack, cluster).mean(axis=1))
        basis = corrected_basis(bootstrap_basis(stack, cluster, resamples, seed, biased=metric.resampling_biased), effective_n)
        interval = basis.interval(*corrected_limits(value, resampled, effective_n, alpha), se=float(np.std(resampled, ddof=1)))
    interval = _bounded(interval, value, metric, confidence)
    return Basis(n, units, interval.method, interval.reason).limits(
        value, interval.low, interval.high, alpha, se=interval.se, df=interval.df
    )


def _proportion_interval(values: Array, cluster: NDArray[np.int64] | None, confidence: float) -> Interval:
    if cluster is None:
        return clopper_pearson_interval(int(values.sum()), len(values), confidence)
    return weighted_share(values, np.ones(len(values)), cluster, confidence)[1]


def _bounded(interval: Interval, value: float, metric: Metric, confidence: float) -> Interval:
    """The interval within the bounds of the score; without any spread, with the allowance for unseen values."""
    if interval.low is None or interval.high is None or metric.unit not in BOUNDS:
        return interval
    low, high = interval.low, interval.high
    lowest, highest = BOUNDS[metric.unit]
    if high - low < SAME:
        low, high = allow_for_unseen(value, (lowest, highest), interval.units, confidence)
        method = f"{interval.method}, no spread"
        interval = replace(interval, method=method, reliable=False, reason="all examples have the same value")
    return replace(interval, low=max(low, lowest), high=min(high, highest))


def score_claim_limits(
    stack: Array, *, metric: Metric, groups: Sequence[str | None], alpha: float, over_seeds: bool = False
) -> OneSidedLimits:
    """The limits that a claim about one score needs: those of `score_limits`, with an allowance for unseen failures.

    Args:
        over_seeds: include the spread of training seeds.

    Raises:
        ValueError: `over_seeds` with fewer than two seeds, or for a corpus score, whose spread over seeds is not estimated.
    """
    if over_seeds and (metric.level != "example" or stack.shape[1] < 2):
        raise ValueError(f"{metric.name}: the spread of seeds needs two seeds, and a score of single examples")
    spread = None
    if over_seeds:  # the score is the difference to a system that always scores 0
        zero = np.where(np.isnan(stack[:, :1]), np.nan, 0.0)
        spread = seed_spread(zero, stack, metric=metric, varies_by_seed=(False, True), groups=groups, confidence=1 - 2 * alpha)
    limits = _from_spread(spread, alpha) if spread else score_limits(stack, metric=metric, groups=groups, alpha=alpha)
    return limits if _is_binary(stack, metric) else _allow_for_unseen_failures(limits, metric, is_difference=False)


def difference_claim_limits(
    a: Array,
    b: Array,
    *,
    metric: Metric,
    groups: Sequence[str | None],
    alpha: float,
    over_seeds: tuple[bool, bool] = (False, False),
) -> OneSidedLimits:
    """The limits that a claim about B − A needs: those of `difference_limits`, with an allowance for unseen failures.

    Args:
        a, b: (examples, seeds, d) each.
        over_seeds: for A and for B, whether to include the spread of its training seeds.

    Raises:
        ValueError: shapes that do not fit, or the spread of seeds of a side that has only one.
    """
    if any(include and side.shape[1] < 2 for include, side in zip(over_seeds, (a, b), strict=True)):
        raise ValueError(f"{metric.name}: the spread of seeds needs two seeds")
    spread = None
    if any(over_seeds):
        spread = seed_spread(a, b, metric=metric, varies_by_seed=over_seeds, groups=groups, confidence=1 - 2 * alpha)
    limits = _from_spread(spread, alpha) if spread else difference_limits(a, b, metric=metric, groups=groups, alpha=alpha)
    if _is_binary(a, metric) and _is_binary(b, metric):
        return limits
    return _allow_for_unseen_failures(limits, metric, is_difference=True)


def _from_spread(spread: SeedSpread, alpha: float) -> OneSidedLimits:
    basis = Basis(spread.n, spread.units, spread.method, spread.reason)
    return basis.limits(spread.difference, spread.low, spread.high, alpha, se=spread.se, df=spread.df)


def _is_binary(stack: Array, metric: Metric) -> bool:
    """Whether each example is right or wrong: the limits of proportions allow for unseen failures already."""
    return metric.unit == "fraction" and stack.shape[1] == 1 and bool(np.isin(stack[~np.isnan(stack)], (0.0, 1.0)).all())


def _allow_for_unseen_failures(limits: OneSidedLimits, metric: Metric, *, is_difference: bool) -> OneSidedLimits:
    """Move the limits outwards by what so few examples cannot have shown.

    A model that fails completely on a few examples in a hundred may not have done so on these: with probability 1 − alpha, its share of
    such examples is below 1 − alpha^(1/units). Each limit of a mean on a bounded scale moves by that. On an unbounded scale, a number that
    did not vary has no limits.

    Args:
        is_difference: whether it is a difference of two scores, which may be a whole scale apart.
    """
    if limits.estimate is None or limits.low is None or limits.high is None or metric.level != "example":
        return limits
    if metric.unit not in BOUNDS:
        if limits.high - limits.low >= SAME:
            return limits
        return replace(limits, low=None, high=None, reliable=False, reason=limits.reason or "all examples have the same value")
    lowest, highest = BOUNDS[metric.unit]
    ends = (lowest - highest, highest - lowest) if is_difference else (lowest, highest)
    low, high = allow_for_unseen(limits.estimate, ends, limits.units, 1 - 2 * limits.alpha)
    return replace(limits, low=min(limits.low, low), high=max(limits.high, high))
