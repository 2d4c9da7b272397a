"""One-sided limits of scores of all rows at once, from the bootstrap: bias-corrected percentiles, moved outwards where few rows carry them.

A ratio of counts is lower in a sample than in the population, and again lower in a resample of it, and what a rare class adds to a macro
average rests on a few rows: by plain percentiles a candidate that is worse on a class of 12 rows in 400 passes "not worse" twice as often
as it should. Simulated in `tests/gate/test_wrong_passes.py`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.clusters import cluster_sums
from harness.statistics.interval import Basis
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]

_LEAST_ROWS = 10  # that carry a score, for its limits to be trusted
_SAME = 1e-12


def bootstrap_limits(seen: float, drawn: Array, rows: float, alpha: float) -> tuple[float, float]:
    """What the score is above, and below, each with confidence 1 − α.

    Efron's bias-corrected percentiles (Efron & Tibshirani 1993, section 14.3), farther from the score by what t has over the normal
    distribution with one degree of freedom less than there are rows that carry it, and by √(m/(m − 1)) (Hesterberg 2015, "What Teachers
    Should Know About the Bootstrap", section 3.2).

    Args:
        drawn: the score of each resample, (resamples,).
        rows: how many rows carry it: `carrying_rows`.
    """
    from scipy.stats import norm, t

    below = (np.count_nonzero(drawn < seen - _SAME) + np.count_nonzero(np.abs(drawn - seen) <= _SAME) / 2) / len(drawn)
    bias = float(norm.ppf(min(max(below, 1 / len(drawn)), 1 - 1 / len(drawn))))
    ends = np.quantile(drawn, norm.cdf([2 * bias + norm.ppf(alpha), 2 * bias - norm.ppf(alpha)]))
    m = max(2.0, rows)
    wider = float(t.ppf(1 - alpha, m - 1) / norm.ppf(1 - alpha)) * math.sqrt(m / (m - 1))
    return seen + wider * (float(ends[0]) - seen), seen + wider * (float(ends[1]) - seen)


def corrected_basis(basis: Basis, rows: float) -> Basis:
    """What such limits rest on, from what the bootstrap does and how many rows carry the score."""
    basis = replace(basis, method=basis.method.replace("percentile", "bias-corrected percentile"))
    if rows >= _LEAST_ROWS:
        return basis
    return replace(basis, method=f"{basis.method}, {rows:.0f} rows carry it", reason=f"fewer than {_LEAST_ROWS} examples carry the score")


def left_out(metric: Metric, stack: Array, cluster: NDArray[np.int64] | None) -> Array:
    """The scores of all seeds when one row, or group, is left out: (rows or groups, seeds).

    Args:
        stack: (n, seeds, d), additive statistics. Those of the level "rows" do not add up: there it is 0, as if all rows were alike.
    """
    n, seeds, d = stack.shape
    sums, sizes = cluster_sums(stack.reshape(n, seeds * d), cluster)
    if metric.level == "rows":
        return np.zeros((len(sums), seeds))
    without = (sums.sum(axis=0) - sums).reshape(len(sums), seeds, d)
    return metric.aggregate(without, np.broadcast_to((n - sizes)[:, None], (len(sums), seeds)))


def carrying_rows(moves: Array) -> float:
    """How many rows, or groups, a score rests on: (Σ l²)²/Σ l⁴, where l is what it moves by when one is left out.

    Args:
        moves: the score without each of them.
    """
    squares = (moves - moves.mean()) ** 2
    return float(squares.sum() ** 2 / (squares**2).sum()) if squares.any() else float(len(moves))
