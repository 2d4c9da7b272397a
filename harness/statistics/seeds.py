"""What would other training seeds change? The difference of two strategies with the spread of their seeds in its interval.

`pairs` asks how other examples would change the difference of these very trainings. Whoever trains again asks more. The difference of
two means over examples and seeds varies with both,

    Var(D) = V_examples + V_seeds(A) + V_seeds(B)

The means of the k seeds of a side vary with s² between them. A part of that comes from the examples, on which two trainings also differ
by accident: q, the mean squared standard error of a seed's score against the mean of the seeds, times k/(k − 1). The square of the
standard error in `pairs` has such accidents, too, q/k of each side. So, as in the analysis of variance of crossed random effects
(Searle, Casella & McCulloch 1992, "Variance Components", chapter 5),

    Var(D) = W + Σ s²/k,    W = max(0, V_pairs − Σ q/k)

and where that comes out below V_pairs, seeds change nothing that these rows can show, and the interval is that of `pairs`.

Degrees of freedom: 1 / Σ w^1.7/df over the parts of Var(D), w the share that a part has. Satterthwaite (1946, "An approximate distribution
of estimates of variance components", Biometrics Bulletin 2:110–114) has the exponent 2, which suits many degrees of freedom: with three
seeds a side it covers 92.1–97.0 % in simulations, with 1.7 it covers 92.8–97.2 % (sides of 3 to 10 seeds, one of them or both,
spreads of the seeds from none to 10 times the standard error of the examples, alike or 20 times apart); with two seeds 88–97 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.clusters import Groups
from harness.statistics.interval import Interval
from harness.statistics.intervals import bootstrap_basis, mean_interval, percentile_interval
from harness.statistics.pairs import Pair, paired, possible_difference
from harness.statistics.resampling import resampled_scores, seen_scores
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]
_EXPONENT = 1.7  # see above


@dataclass(frozen=True)
class SeedSpread:
    """B − A as other examples and other seeds would give it. `of_seeds` is the share of its variance that the seeds have, 0–1."""

    difference: float
    low: float
    high: float
    se: float
    df: float
    of_seeds: float
    n: int
    units: int
    method: str
    reliable: bool
    reason: str


@dataclass(frozen=True)
class _Part:
    """A variance and its degrees of freedom; `by_accident` is what it has of accidents on single examples."""

    variance: float
    df: float
    by_accident: float = 0.0


def seed_spread(
    a: Array,
    b: Array,
    *,
    metric: Metric,
    drawn: tuple[bool, bool],
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> SeedSpread | None:
    """The difference over examples and seeds; None where a side that depends on its seed has only one, or there are too few rows.

    Valid where `compare_scores` is, with three seeds or more on each side that has any. With two seeds the interval is wide where
    they differ much, as it should be, and not reliable: two numbers say little about their spread.

    Args:
        a, b: as in `compare_scores`.
        drawn: whether A, and B, depend on a seed at all: the base model does not.

    Raises:
        ValueError: shapes that do not fit.
    """
    pair, _ = paired(a, b, metric=metric, groups=groups, confidence=confidence)
    sides = [side for side, depends in zip((pair.a, pair.b), drawn, strict=True) if depends]
    if not sides or any(side.shape[1] < 2 for side in sides) or pair.units < 2:
        return None
    examples, interval, difference = _of_examples(pair, resamples, seed)
    parts = [_of_seeds(pair, side, resamples, seed) for side in sides]
    reason = interval.reason or ("" if all(side.shape[1] > 2 for side in sides) else "fewer than 3 training seeds")
    return _together(difference, examples, interval, parts, pair, reason)


def _together(difference: float, examples: _Part, interval: Interval, parts: Sequence[_Part], pair: Pair, reason: str) -> SeedSpread:
    from scipy.stats import t

    systematic = max(0.0, examples.variance - sum(part.by_accident for part in parts))
    total = systematic + sum(part.variance for part in parts)
    if total > examples.variance:
        shares = [(systematic, examples.df), *((part.variance, part.df) for part in parts)]
        df = max(1 / sum((variance / total) ** _EXPONENT / freedom for variance, freedom in shares), min(part.df for part in parts))
        half = float(t.ppf((1 + pair.confidence) / 2, df)) * math.sqrt(total)
        low, high = difference - half, difference + half
    else:
        assert interval.low is not None and interval.high is not None  # there are two units or more
        total, df, low, high = examples.variance, examples.df, interval.low, interval.high
    low, high = possible_difference(pair.metric, low, high)
    seeds = f"{pair.a.shape[1]} and {pair.b.shape[1]} seeds"
    reason = reason or ("" if total > 0 else "all examples differ by the same")
    return SeedSpread(
        difference=difference,
        low=low,
        high=high,
        se=math.sqrt(total),
        df=df,
        of_seeds=1 - examples.variance / total if total else 0.0,
        n=len(pair.a),
        units=pair.units,
        method=f"examples and seeds, df={df:.1f}, n={len(pair.a)}, {seeds}",
        reliable=not reason,
        reason=reason,
    )


def _of_examples(pair: Pair, resamples: int, seed: int) -> tuple[_Part, Interval, float]:
    """The variance of the difference of these trainings, their interval, and the difference."""
    if pair.metric.level == "example":
        interval = mean_interval(pair.differences, pair.cluster, pair.confidence)
        assert interval.se is not None and interval.df is not None  # there are two units or more
        return _Part(interval.se**2, interval.df), interval, float(pair.differences.mean())
    first, second = (_scores(pair, side, resamples, seed) for side in (pair.a, pair.b))
    resampled = second.resampled.mean(axis=1) - first.resampled.mean(axis=1)
    basis = bootstrap_basis(pair.both, pair.cluster, resamples, seed, biased=pair.metric.resampling_biased)
    part = _Part(float(resampled.var(ddof=1)), pair.units - 1)
    return part, percentile_interval(resampled, basis, pair.confidence), float(second.seen.mean() - first.seen.mean())


def _of_seeds(pair: Pair, side: Array, resamples: int, seed: int) -> _Part:
    """s²/k of a side, (n, k, d), and q/k."""
    k = side.shape[1]
    if pair.metric.level == "example":
        values = side[:, :, 0]
        seen = values.mean(axis=0)
        errors = [_squared_error(column, pair.cluster) for column in (values - values.mean(axis=1, keepdims=True)).T]
        by_accident = float(np.sum(errors)) / (k - 1)
    else:
        scores = _scores(pair, side, resamples, seed)
        seen = scores.seen
        deviations = scores.resampled - scores.resampled.mean(axis=1, keepdims=True)  # (resamples, k)
        by_accident = float(deviations.var(axis=0, ddof=1).sum()) / (k - 1)
    return _Part(float(seen.var(ddof=1)) / k, k - 1, by_accident / k)


def _squared_error(values: Array, cluster: Groups | None) -> float:
    se = mean_interval(values, cluster).se
    return 0.0 if se is None else se**2


@dataclass(frozen=True)
class _Scores:
    """The score of each seed, (k,), and of each resample and seed, (resamples, k)."""

    seen: Array
    resampled: Array


def _scores(pair: Pair, side: Array, resamples: int, seed: int) -> _Scores:
    return _Scores(seen_scores(pair.metric, side), resampled_scores(pair.metric, side, pair.cluster, resamples, seed))
