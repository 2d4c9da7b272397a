"""What would other training seeds change? The difference of two strategies with the spread of their seeds in its interval.

`pairs` asks how other examples would change the difference of these very trainings. Whoever trains again asks more. The difference of
two means over examples and seeds varies with both,

    Var(D) = V_examples + V_seeds(A) + V_seeds(B)

V_examples is the square of the standard error in `pairs`. The scores of the k seeds of a side vary with s² between them; a part of
that comes from the examples, on which two trainings also differ by accident, and is in V_examples already: q, the mean squared
standard error of a seed's score against the mean of the seeds, times k/(k − 1). So V_seeds = max(0, s² − q)/k, as in the analysis of
variance of crossed random effects (Searle, Casella & McCulloch 1992, "Variance Components", chapter 5), and the degrees of freedom are
Satterthwaite's (1946, "An approximate distribution of estimates of variance components", Biometrics Bulletin 2:110–114): what is
uncertain about V_seeds is s²/k with its k − 1, whatever is then taken off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.analysis.clusters import Groups
from harness.analysis.intervals import ROUGH, mean_interval
from harness.analysis.pairs import Pair, paired, possible_difference
from harness.analysis.resampling import resampled_scores, seen_scores
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class SeedSpread:
    """B − A as other examples and other seeds would give it. `of_seeds` is the share of its variance that the seeds have, 0–1."""

    difference: float
    low: float
    high: float
    se: float
    df: float
    of_seeds: float
    method: str


@dataclass(frozen=True)
class _Part:
    """A variance, its degrees of freedom, and the estimate that they belong to, where something was taken off it."""

    variance: float
    df: float
    estimate: float


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

    Valid where `compare_scores` is, with the same number of seeds on both sides that have any (simulated coverage 93–99 %; two against
    five: 92.9 %). With two seeds a side the interval is wide where the seeds differ much, as it should be: two numbers say little
    about their spread.

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
    examples, difference = _of_examples(pair, resamples, seed)
    parts = [_of_seeds(pair, side, resamples, seed) for side in sides]
    return _together(difference, examples, parts, pair, confidence, even=len({side.shape[1] for side in sides}) == 1)


def _together(difference: float, examples: _Part, parts: Sequence[_Part], pair: Pair, confidence: float, *, even: bool) -> SeedSpread:
    from scipy.stats import t

    total = examples.variance + sum(part.variance for part in parts)
    df = total**2 / sum(part.estimate**2 / part.df for part in (examples, *parts)) if total else examples.df
    df = max(df, min(part.df for part in (examples, *parts)))
    half = float(t.ppf((1 + confidence) / 2, df)) * math.sqrt(total)
    seeds = f"{pair.a.shape[1]} and {pair.b.shape[1]} seeds"
    rough = "" if pair.units >= 30 and total > 0 and even else ROUGH
    low, high = possible_difference(pair.metric, difference - half, difference + half)
    return SeedSpread(
        difference=difference,
        low=low,
        high=high,
        se=math.sqrt(total),
        df=df,
        of_seeds=1 - examples.variance / total if total else 0.0,
        method=f"examples and seeds, Satterthwaite df={df:.1f}, n={len(pair.a)}, {seeds}{rough}",
    )


def _of_examples(pair: Pair, resamples: int, seed: int) -> tuple[_Part, float]:
    """The variance of the difference of these trainings, and the difference."""
    if pair.metric.level == "example":
        interval = mean_interval(pair.differences, pair.cluster)
        assert interval.se is not None and interval.df is not None  # there are two units or more
        return _Part(interval.se**2, interval.df, interval.se**2), float(pair.differences.mean())
    first, second = (_scores(pair, side, resamples, seed) for side in (pair.a, pair.b))
    resampled = second.resampled.mean(axis=1) - first.resampled.mean(axis=1)
    variance = float(resampled.var(ddof=1))
    return _Part(variance, pair.units - 1, variance), float(second.seen.mean() - first.seen.mean())


def _of_seeds(pair: Pair, side: Array, resamples: int, seed: int) -> _Part:
    """V_seeds of a side, (n, k, d)."""
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
    between = float(seen.var(ddof=1))
    return _Part(max(0.0, between - by_accident) / k, k - 1, between / k)


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
