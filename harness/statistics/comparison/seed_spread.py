"""What would other training seeds change? The difference of two strategies with the spread of their seeds in its interval.

`compare_scores` asks how other examples would change the difference between these trained models. To train again is another question: the
difference of two means over examples and seeds varies with both,

    Var(D) = V_examples + V_seeds(A) + V_seeds(B)

The means of the k seeds of a side vary with s² between them. A part of that comes from the examples, on which two trainings also differ by
chance: q, the mean squared standard error of a seed's score against the mean of the seeds, times k/(k − 1). The squared standard error of
`compare_scores` contains this noise as well, q/k for each side. So, as in the analysis of variance of crossed random effects (Searle,
Casella & McCulloch 1992, "Variance Components", chapter 5),

    Var(D) = W + Σ s²/k,    W = max(0, V_pairs − Σ q/k)

and where that is below V_pairs, these examples show no effect of the seeds, and the interval is that of `compare_scores`.

Degrees of freedom: 1 / Σ w^1.7/df over the parts of Var(D), with w the share of a part. Satterthwaite (1946, "An approximate distribution
of estimates of variance components", Biometrics Bulletin 2:110–114) has the exponent 2, which suits many degrees of freedom. With three
seeds per side it covers 92.1–97.0% in simulations; with 1.7 the coverage is 92.8–97.2% (3 to 10 seeds per side, one side or both trained,
spreads of the seeds from none to 10 times the standard error of the examples, equal or 20 times apart). With two seeds it is 88–97%.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.comparison.pair import Pair, make_pair
from harness.statistics.distributions import t_quantile
from harness.statistics.examples import Groups, observed_scores, resampled_scores
from harness.statistics.intervals import Interval, bootstrap_basis, mean_interval, percentile_interval
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]
_EXPONENT = 1.7  # see above


@dataclass(frozen=True)
class SeedSpread:
    """B − A over other examples and other seeds.

    Attributes:
        difference: in the unit of the score.
        low, high, se, df, n, units, method, reliable, reason: as in `Interval`.
        seed_share: the share of its variance that comes from the seeds, 0–1.
    """

    difference: float
    low: float
    high: float
    se: float
    df: float
    seed_share: float
    n: int
    units: int
    method: str
    reliable: bool
    reason: str


@dataclass(frozen=True)
class _Component:
    """A variance and its degrees of freedom; `noise` is the part of it that is noise on single examples."""

    variance: float
    df: float
    noise: float = 0.0


def seed_spread(
    a: Array,
    b: Array,
    *,
    metric: Metric,
    varies_by_seed: tuple[bool, bool],
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
    factor: float = 1.0,
) -> SeedSpread | None:
    """The difference over examples and seeds. None where a side that depends on its seed has only one, with fewer than two units, or for a
    score without valid intervals.

    Valid where `compare_scores` is, with at least three seeds on each side that depends on them. With two seeds the interval is wide where
    they differ much, as it should be, and not reliable: two numbers say little about their spread.

    Args:
        a, b: as in `compare_scores`.
        varies_by_seed: whether A, and B, depend on a seed at all: the base model does not.
        factor: what the score of A is multiplied by, above 0: the difference is then B − factor · A.

    Raises:
        ValueError: shapes that do not fit.
    """
    pair = make_pair(a, b, metric=metric, groups=groups, confidence=confidence, factor=factor)
    sides = [(side, times) for side, times, depends in zip((pair.a, pair.b), (factor, 1.0), varies_by_seed, strict=True) if depends]
    if not sides or any(side.shape[1] < 2 for side, _ in sides) or pair.units < 2 or metric.no_interval:
        return None
    examples, interval, difference = _example_component(pair, resamples, seed)
    seeds = [_scaled(_seed_component(pair, side, resamples, seed), times) for side, times in sides]
    reason = interval.reason or ("" if all(side.shape[1] > 2 for side, _ in sides) else "fewer than 3 training seeds")
    return _combine(difference, examples, interval, seeds, pair, reason)


def _combine(
    difference: float, examples: _Component, interval: Interval, seeds: Sequence[_Component], pair: Pair, reason: str
) -> SeedSpread:
    systematic = max(0.0, examples.variance - sum(side.noise for side in seeds))
    total = systematic + sum(side.variance for side in seeds)
    if total > examples.variance:
        parts = [(systematic, examples.df), *((side.variance, side.df) for side in seeds)]
        df = max(1 / sum((variance / total) ** _EXPONENT / freedom for variance, freedom in parts), min(side.df for side in seeds))
        half = t_quantile((1 + pair.confidence) / 2, df) * math.sqrt(total)
        low, high = difference - half, difference + half
    else:
        assert interval.low is not None and interval.high is not None  # there are at least two units
        total, df, low, high = examples.variance, examples.df, interval.low, interval.high
    low, high = pair.bound(low, high)
    reason = reason or ("" if total > 0 else "all examples differ by the same amount")
    return SeedSpread(
        difference=difference,
        low=low,
        high=high,
        se=math.sqrt(total),
        df=df,
        seed_share=1 - examples.variance / total if total else 0.0,
        n=pair.n,
        units=pair.units,
        method=f"examples and seeds, df={df:.1f}, n={pair.n}, {pair.a.shape[1]} and {pair.b.shape[1]} seeds",
        reliable=not reason,
        reason=reason,
    )


def _example_component(pair: Pair, resamples: int, seed: int) -> tuple[_Component, Interval, float]:
    """The variance of the difference between these trained models, its interval, and the difference."""
    if pair.metric.level == "example":
        interval = mean_interval(pair.differences, pair.cluster, pair.confidence)
        assert interval.se is not None and interval.df is not None  # there are at least two units
        return _Component(interval.se**2, interval.df), interval, float(pair.differences.mean())
    first, second = (_scores(pair, side, resamples, seed) for side in (pair.a, pair.b))
    resampled = second.resampled.mean(axis=1) - pair.factor * first.resampled.mean(axis=1)
    basis = bootstrap_basis(pair.both, pair.cluster, resamples, seed, metric=pair.metric)
    component = _Component(float(resampled.var(ddof=1)), pair.units - 1)
    difference = float(second.observed.mean() - pair.factor * first.observed.mean())
    return component, percentile_interval(resampled, basis, pair.confidence), difference


def _seed_component(pair: Pair, side: Array, resamples: int, seed: int) -> _Component:
    """s²/k of a side, (n, k, d), and its noise q/k."""
    k = side.shape[1]
    if pair.metric.level == "example":
        values = side[:, :, 0]
        observed = values.mean(axis=0)
        errors = [_squared_error(column, pair.cluster) for column in (values - values.mean(axis=1, keepdims=True)).T]
        noise = float(np.sum(errors)) / (k - 1)
    else:
        scores = _scores(pair, side, resamples, seed)
        observed = scores.observed
        deviations = scores.resampled - scores.resampled.mean(axis=1, keepdims=True)  # (resamples, k)
        noise = float(deviations.var(axis=0, ddof=1).sum()) / (k - 1)
    return _Component(float(observed.var(ddof=1)) / k, k - 1, noise / k)


def _scaled(component: _Component, factor: float) -> _Component:
    """Of the score times a factor."""
    return replace(component, variance=component.variance * factor**2, noise=component.noise * factor**2)


def _squared_error(values: Array, cluster: Groups | None) -> float:
    se = mean_interval(values, cluster).se
    return 0.0 if se is None else se**2


@dataclass(frozen=True)
class _Scores:
    """The score of each seed, (k,), and of each resample and seed, (resamples, k)."""

    observed: Array
    resampled: Array


def _scores(pair: Pair, side: Array, resamples: int, seed: int) -> _Scores:
    return _Scores(observed_scores(pair.metric, side), resampled_scores(pair.metric, side, pair.cluster, resamples, seed))
