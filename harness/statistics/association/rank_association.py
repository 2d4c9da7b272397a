"""Rank correlation of a score with ratings, alone or given something else, with an interval over independent units.

    ρ           Spearman's correlation of the ranks of score and rating
    ρ given z   partial correlation of the ranks given those of z: (ρ_sr − ρ_sz ρ_rz) / √((1 − ρ_sz²)(1 − ρ_rz²))
    in strata   the same, with the ranks of each stratum (a strategy) centred at their mean, so that differences between strata do not count

The interval is a t interval of Fisher's z = artanh ρ, with the delete-one-cluster jackknife's standard error (Efron & Tibshirani 1993,
chapter 11) and one degree of freedom less than clusters. It has no random numbers, and several outputs of one input count as one unit.
Partial rank correlation: Kendall & Gibbons 1990, "Rank Correlation Methods", chapter 8; the partial of Spearman's ρ in Conover 1999.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.distributions import t_quantile
from harness.types import Score

Array: TypeAlias = NDArray[np.float64]

MIN_UNITS = 20  # fewer independent inputs, and the interval is not reliable
_MOST_FOLDS = 400  # clusters are left out in so many parts at most
_EDGE = 1 - 1e-9
_TINY = 1e-12


def rank_association(
    scores: Sequence[float],
    ratings: Sequence[float],
    clusters: Sequence[str],
    *,
    given: Sequence[float] | None = None,
    strata: Sequence[str] | None = None,
    weights: Sequence[float] | None = None,
    confidence: float = 0.95,
) -> Score:
    """The rank correlation of scores with ratings, all of shape (n,), with its interval.

    Args:
        clusters: the independent unit of each output, such as its input.
        given: what is held fixed, such as the length of the output; where it is constant, nothing is.
        strata: outputs are compared within these only, such as the strategy.
        weights: how many outputs each one stands for.
    """
    n = len(scores)
    units, cluster = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    folds = min(len(units), _MOST_FOLDS)
    method = "Spearman" if given is None else "partial Spearman"
    method = f"{method}, Fisher's z with a jackknife over {len(units)} inputs"
    if n < 3 or folds < 3:
        return Score(None, None, None, n, method, reliable=False, reason="fewer than three rated inputs")
    base = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    kept = np.concatenate([np.ones((1, n)), (cluster[None, :] % folds != np.arange(folds)[:, None]).astype(np.float64)])  # (folds + 1, n)
    columns = [np.asarray(values, dtype=np.float64) for values in (scores, ratings, *(() if given is None else (given,)))]
    level = None if strata is None else np.unique(np.asarray(strata, dtype=str), return_inverse=True)[1]
    values = _correlations(columns, base * kept, level)
    value = float(values[0])
    if not math.isfinite(value):
        return Score(None, None, None, n, method, reliable=False, reason="all scores or all ratings are equal")
    left_out = np.arctanh(np.clip(values[1:][np.isfinite(values[1:])], -_EDGE, _EDGE))
    if len(left_out) < folds:
        return Score(value, None, None, n, method, reliable=False, reason="the correlation rests on single inputs")
    error = math.sqrt((folds - 1) / folds * float(((left_out - left_out.mean()) ** 2).sum()))
    half = t_quantile(0.5 + confidence / 2, folds - 1) * error
    centre = math.atanh(max(-_EDGE, min(_EDGE, value)))
    reason = "" if len(units) >= MIN_UNITS else f"fewer than {MIN_UNITS} rated inputs"
    return Score(value, math.tanh(centre - half), math.tanh(centre + half), n, method, reliable=not reason, reason=reason)


def _correlations(columns: Sequence[Array], weights: Array, level: NDArray[np.int64] | None) -> Array:
    """The (partial) correlation of the first two columns for each row of weights, (R, n) → (R,); NaN where it is undefined."""
    ranks = [_ranks(values, weights) for values in columns]
    ranks = [_centred(each, weights, level) for each in ranks]
    score, rating = ranks[:2]
    correlation = _correlation(score, rating, weights)
    if len(ranks) == 2:
        return correlation
    score_z, rating_z = (np.nan_to_num(_correlation(each, ranks[2], weights)) for each in (score, rating))
    rest = (1 - score_z**2) * (1 - rating_z**2)
    partial = (correlation - score_z * rating_z) / np.sqrt(np.where(rest > _TINY, rest, np.nan))
    return np.clip(partial, -1.0, 1.0)


def _ranks(values: Array, weights: Array) -> Array:
    """Mid-ranks of the values (n,) among the outputs that the weights count, (R, n) → (R, n)."""
    order = np.argsort(values, kind="stable")
    ordered, counts = values[order], weights[:, order]
    begins = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    starts, tie = np.flatnonzero(begins), np.cumsum(begins) - 1
    totals = np.add.reduceat(counts, starts, axis=1)
    middle = np.cumsum(totals, axis=1) - totals / 2
    ranks = np.empty_like(counts)
    ranks[:, order] = middle[:, tie]
    return ranks


def _centred(ranks: Array, weights: Array, level: NDArray[np.int64] | None) -> Array:
    """The ranks less their weighted mean, in each stratum."""
    result = np.zeros_like(ranks)
    strata = np.zeros(ranks.shape[1], dtype=np.int64) if level is None else level
    for stratum in range(int(strata.max()) + 1):
        members = strata == stratum
        total = weights[:, members].sum(axis=1, keepdims=True)
        mean = (weights[:, members] * ranks[:, members]).sum(axis=1, keepdims=True) / np.where(total > 0, total, 1.0)
        result[:, members] = ranks[:, members] - mean
    return result


def _correlation(one: Array, other: Array, weights: Array) -> Array:
    """The weighted correlation of centred values, (R, n) each → (R,)."""
    spread = (weights * one**2).sum(axis=1) * (weights * other**2).sum(axis=1)
    scale = weights.sum(axis=1) ** 4  # of ranks: rounding leaves this times about 1e-32
    result: Array = (weights * one * other).sum(axis=1) / np.sqrt(np.where(spread > _TINY * scale, spread, np.nan))
    return result
