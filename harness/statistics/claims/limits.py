"""One-sided limits, each at level alpha, of a score and of a difference: every decision is read from these.

The limits of a difference are those of `comparison.pair_limits`; on request they include the spread of training seeds. Those of a score:

| score | limits |
| --- | --- |
| 0 or 1, one seed, no groups | Clopper–Pearson |
| 0 or 1 with groups | Korn–Graubard (`weighted_share`) |
| means of single examples | `mean_interval` at confidence 1 − 2 alpha, moved as those of a difference |
| AUROC | t on the logit scale with DeLong's standard error, moved in the same way |
| other corpus scores | `corrected_limits` of the bootstrap, moved in the same way |
| no spread | what unseen failures allow; on an unbounded scale none |
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS, scale_width
from harness.statistics.comparison import SAME, SeedSpread, guard_limits, make_pair, pair_limits, seed_spread
from harness.statistics.examples import (
    cluster_index,
    complete_examples,
    count_units,
    observed_scores,
    undefined_reason,
)
from harness.statistics.intervals import (
    Basis,
    Interval,
    MeanError,
    MeanSpread,
    OneSidedLimits,
    ProportionSpread,
    Spread,
    clopper_pearson_interval,
    corrected_interval,
    hoeffding_half_width,
    influence_error,
    leave_one_out,
    mean_error,
    mean_interval,
    rank_interval,
    too_few_units,
    unseen_units,
    weighted_share,
)
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


def difference_claim_limits(
    a: Array,
    b: Array,
    *,
    metric: Metric,
    groups: Sequence[str | None] | None,
    alpha: float,
    over_seeds: tuple[bool, bool] = (False, False),
    factor: float = 1.0,
    resamples: int = 2000,
    seed: int = 0,
) -> OneSidedLimits:
    """The limits of B − A, for scores or statistics in the shapes of `compare_scores`; with a factor c those of B − c · A.

    "B keeps at least 90% of A" is "B − 0.9 · A is above 0", for a score that cannot be below 0. The limits of this difference are as valid
    as without a factor; those of the ratio B/A would not be where A is near 0.

    Args:
        factor: c, above 0.
        over_seeds: for A and for B, whether to include the spread of its training seeds.

    Raises:
        ValueError: shapes that do not fit, or the spread of seeds of a side that has only one.
    """
    pair = make_pair(a, b, metric=metric, groups=groups, confidence=1 - 2 * alpha, factor=factor)
    if not any(over_seeds):
        return pair_limits(pair, resamples, seed)(alpha)
    if any(include and side.shape[1] < 2 for include, side in zip(over_seeds, (pair.a, pair.b), strict=True)):
        raise ValueError(f"{metric.name}: the spread of seeds needs two seeds")
    spread = seed_spread(
        a,
        b,
        metric=metric,
        varies_by_seed=over_seeds,
        groups=groups,
        confidence=1 - 2 * alpha,
        resamples=resamples,
        seed=seed,
        factor=factor,
    )
    return guard_limits(_over_seeds(spread, alpha), pair, hoeffding=False) if spread else pair_limits(pair, resamples, seed)(alpha)


def score_claim_limits(
    stack: Array,
    *,
    metric: Metric,
    groups: Sequence[str | None],
    alpha: float,
    over_seeds: bool = False,
    resamples: int = 2000,
    seed: int = 0,
) -> OneSidedLimits:
    """The limits of the score of one strategy, averaged over its seeds.

    Args:
        stack: (n, seeds, d), as `statistic_stack` returns; NaN where an example does not have the score.
        over_seeds: include the spread of training seeds.

    Raises:
        ValueError: `over_seeds` with fewer than two seeds, or for a corpus score, whose spread over seeds is not estimated.
    """
    if over_seeds and (metric.level != "example" or stack.shape[1] < 2):
        raise ValueError(f"{metric.name}: the spread of seeds needs two seeds, and a score of single examples")
    complete = complete_examples(stack, groups)
    whole, n = complete.stack, len(complete.stack)
    if reason := undefined_reason(metric, whole):
        return Basis(n, n, "no limits", reason).limits(None, None, None, alpha)
    value = float(np.mean(observed_scores(metric, whole)))
    cluster = cluster_index(complete.groups, n)
    units = count_units(n, cluster)
    if metric.no_interval or units < 2:
        return Basis(n, units, "no limits", metric.no_interval or too_few_units(n, units)).limits(value, None, None, alpha)
    if over_seeds:  # the score is the difference to a system that always scores 0
        zero = np.where(np.isnan(stack[:, :1]), np.nan, 0.0)
        spread = seed_spread(zero, stack, metric=metric, varies_by_seed=(False, True), groups=groups, confidence=1 - 2 * alpha)
        assert spread is not None  # there are two units and two seeds
        return _guard(_over_seeds(spread, alpha), metric, whole, cluster, hoeffding=False)
    values = whole[:, :, 0].mean(axis=1)
    if metric.level == "example" and metric.unit == "fraction" and np.isin(values, (0.0, 1.0)).all():
        interval = _proportion_interval(values, cluster, 1 - 2 * alpha)
        return _from_interval(value, interval, alpha, ProportionSpread(n, _independent_examples(value, interval)))
    interval, error = _interval(metric, whole, cluster, alpha, resamples, seed)
    return _guard(_from_interval(value, interval, alpha, MeanSpread(n, error)), metric, whole, cluster)


def _interval(
    metric: Metric, stack: Array, cluster: NDArray[np.int64] | None, alpha: float, resamples: int, seed: int
) -> tuple[Interval, MeanError]:
    """The interval whose ends are the limits, and the error that it rests on."""
    if metric.level == "example":
        values = stack[:, :, 0].mean(axis=1)
        return mean_interval(values, cluster, 1 - 2 * alpha), mean_error(values, cluster)
    if metric.influences:
        interval = rank_interval(metric, stack, cluster, 1 - 2 * alpha)
        return interval, MeanError(interval.se or 0.0, interval.df or 1.0)
    interval = corrected_interval(metric, stack, cluster, 1 - 2 * alpha, resamples=resamples, seed=seed)
    left_out = leave_one_out(metric, stack, cluster).mean(axis=-1)
    return interval, influence_error(interval.se or 0.0, left_out, (interval.df or 1.0) + 1)


def _proportion_interval(values: Array, cluster: NDArray[np.int64] | None, confidence: float) -> Interval:
    if cluster is None:
        return clopper_pearson_interval(int(values.sum()), len(values), confidence)
    return weighted_share(values, np.ones(len(values)), cluster, confidence)[1]


def _independent_examples(share: float, interval: Interval) -> float:
    """How many independent examples would have the standard error of this share; its groups, where it did not vary."""
    if interval.units == interval.n:
        return float(interval.n)
    return min(share * (1 - share) / interval.se**2, float(interval.n)) if interval.se else float(interval.units)


def _from_interval(value: float, interval: Interval, alpha: float, spread: Spread) -> OneSidedLimits:
    basis = Basis(interval.n, interval.units, interval.method, interval.reason)
    return basis.limits(value, interval.low, interval.high, alpha, se=interval.se, df=interval.df, spread=spread)


def _over_seeds(seeds: SeedSpread, alpha: float) -> OneSidedLimits:
    basis = Basis(seeds.n, seeds.units, seeds.method, seeds.reason)
    fixed = seeds.se * math.sqrt(max(0.0, seeds.seed_share))
    spread = MeanSpread(seeds.n, MeanError(math.sqrt(max(0.0, seeds.se**2 - fixed**2)), seeds.df), fixed_se=fixed)
    return basis.limits(seeds.difference, seeds.low, seeds.high, alpha, se=seeds.se, df=seeds.df, spread=spread)


def _guard(
    limits: OneSidedLimits, metric: Metric, stack: Array, cluster: NDArray[np.int64] | None, *, hoeffding: bool = True
) -> OneSidedLimits:
    """The limits of a score, moved as `guard_limits` moves those of a difference."""
    value, low, high = limits.estimate, limits.low, limits.high
    assert value is not None and low is not None and high is not None  # there are at least two units
    no_spread = high - low < SAME
    if no_spread:
        reason = limits.reason or "all examples have the same value"
        limits = replace(limits, method=f"{limits.method}, no spread", reliable=False, reason=reason)
    width = scale_width(metric)
    if width is None:
        return replace(limits, low=None, high=None) if no_spread else limits
    lowest, highest = BOUNDS[metric.unit]
    unseen = unseen_units(metric, stack, cluster)
    effect = unseen.effect(limits.alpha)
    low, high = min(low, value - effect * (value - lowest)), max(high, value + effect * (highest - value))
    bound = None
    if hoeffding and metric.level == "example":
        half = hoeffding_half_width(width, len(stack), cluster, limits.alpha)
        low, high = max(low, value - half), min(high, value + half)
        bound = half / math.sqrt(math.log(1 / limits.alpha))
    spread = limits.spread
    if isinstance(spread, MeanSpread):
        spread = replace(spread, unseen=unseen, ends=(lowest, highest), bound=bound)
    return replace(limits, low=max(low, lowest), high=min(high, highest), spread=spread)
