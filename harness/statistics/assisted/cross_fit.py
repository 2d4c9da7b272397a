"""How far an automatic score predicts ratings: a slope for each unit, fitted without that unit.

The slope λ is the weight that a score gets in `assisted_mean`. The best one is the regression slope of the ratings on the score
(Angelopoulos, Duchi & Zrnic 2023, "PPI++: Efficient prediction-powered inference", arXiv 2311.01453, section 6; as a survey estimator
Cochran 1977, "Sampling Techniques", section 7.4). A slope that is fitted to the same ratings fits their noise as well, so it is fitted to
all other units: groups where examples share them, otherwise examples (cross-fitting: Zrnic & Candès 2024, "Cross-prediction-powered
inference", PNAS 121). Its errors then show in the spread of the corrected ratings, and so in the interval.

With the sums A_h of the weighted residuals of the ratings and B_h of those of a score in each other unit h:

    β = Σ A_h B_h / Σ B_h²,    F = (m − 2) r²/(1 − r²),    r² = (Σ A_h B_h)² / (Σ A_h² Σ B_h²),    λ = β max(0, 1 − c/F)

where m is the number of other units. These sums are what the variance of the mean consists of, with groups and unequal weights too. The
last factor is the positive-part shrinkage of James & Stein (1961) for one coefficient. c grows with the number of scores, since the one
with the largest r² is taken: without that, the best of twelve useless scores would look useful in most samples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.examples import cluster_sums

Array: TypeAlias = NDArray[np.float64]

_SHRINKAGE = 2.0  # c for one score: the slope is kept as far as it predicts ratings that it was not fitted to (Akaike's criterion)


@dataclass(frozen=True)
class CrossFit:
    """The score and the slope of each rated example.

    Attributes:
        chosen: the number of the score that was chosen without the example's unit, (n,).
        slopes: its slope, (n,); 0 where the score does not predict the ratings of the others.
        explained: the share of the variance of the ratings that the chosen score explains, 0–1, averaged over examples.
    """

    chosen: NDArray[np.int64]
    slopes: Array
    explained: float


def cross_fit(ratings: Array, scores: Array, weights: Array, cluster: NDArray[np.int64] | None) -> CrossFit:
    """Choose a score and fit its slope for each rated example, without the ratings of its unit.

    Args:
        ratings: (n,).
        scores: (n, S), of the same examples.
        weights: (n,), above 0.
        cluster: the unit of each example as a number from 0, (n,); None if each is its own.
    """
    count = scores.shape[1]
    y = ratings - np.average(ratings, weights=weights)
    f = scores - np.average(scores, axis=0, weights=weights)
    sums, _ = cluster_sums(np.column_stack([weights, weights * y, weights[:, None] * f]), cluster)
    w, wy, wf = sums[:, :1], sums[:, 1:2], sums[:, 2:]  # (G, 1), (G, 1), (G, S)
    others_w = w.sum() - w
    mean_y, mean_f = (wy.sum(axis=0) - wy) / others_w, (wf.sum(axis=0) - wf) / others_w

    def sum_others(products: Array) -> Array:
        total: Array = products.sum(axis=0) - products
        return total

    ww = sum_others(w * w)
    both = sum_others(wy * wf) - mean_y * sum_others(w * wf) - mean_f * sum_others(w * wy) + mean_y * mean_f * ww
    of_y = sum_others(wy * wy) - 2 * mean_y * sum_others(w * wy) + mean_y**2 * ww
    of_f = sum_others(wf * wf) - 2 * mean_f * sum_others(w * wf) + mean_f**2 * ww
    varies = (of_f > 1e-12 * np.maximum(1e-300, (wf * wf).sum(axis=0))) & (of_y > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.where(varies, both / of_f, 0.0)
        r2 = np.where(varies, np.minimum(both**2 / (of_f * of_y), 1.0), 0.0)
        ratio = (len(w) - 3) * r2 / np.maximum(1 - r2, 1e-12)
        kept = np.where(ratio > 0, np.maximum(0.0, 1 - shrinkage(count) / ratio), 0.0)
    best = np.argmax(r2, axis=1)
    rows = np.arange(len(w))
    of_unit = rows if cluster is None else cluster
    return CrossFit(best[of_unit], (slopes * kept)[rows, best][of_unit], float(np.average((r2 * kept)[rows, best])))


def shrinkage(scores: int) -> float:
    """c: the F ratio up to which the best of so many scores is treated as useless."""
    return _SHRINKAGE + 2 * math.log(scores)
