"""By what share is an error rate of B smaller than that of A? 1 − e_B/e_A, on the same examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.analysis.intervals import bootstrap_label, percentile_interval
from harness.analysis.pairs import paired, side_scores
from harness.analysis.resampling import resampled_totals
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Reduction:
    """How many errors fewer B has than A: 0.6 is 60 % fewer, below 0 is more.

    `value` and its interval are None where A's own rate cannot be told from 0, so that nothing can be measured in shares of it;
    `method` says so. `before` and `after` are the rates of A and B on the n rows, in the metric's `unit`.
    """

    value: float | None
    low: float | None
    high: float | None
    before: float
    after: float
    unit: str
    n: int
    method: str


def relative_reduction(
    a: Array,
    b: Array,
    *,
    metric: Metric,
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Reduction | None:
    """1 − e_B/e_A with its percentile interval from a paired bootstrap of rows, or of clusters where groups repeat.

    Valid as `bootstrap_interval` is: 100 rows or groups. Seeds are averaged within an example first. None without any row that has
    a number on both sides, or with fewer than two independent ones.

    Args:
        a, b: scores or statistics, in the shapes of `compare_scores`.

    Raises:
        ValueError: shapes that do not fit, or a metric for which lower is not better.
    """
    if metric.direction != "lower":
        raise ValueError(f"{metric.name}: only what should be low is reduced")
    pair, _ = paired(a, b, metric=metric, groups=groups, confidence=confidence)
    if pair.units < 2:
        return None
    n = len(pair.a)
    both = np.concatenate([pair.a, pair.b], axis=1)  # (n, seeds of A and B, d)
    before, after = (float(rate) for rate in side_scores(pair, both.sum(axis=0), np.array(float(n))))
    totals, numbers = resampled_totals(both.reshape(n, -1), pair.cluster, resamples, seed)
    first, second = side_scores(pair, totals.reshape(resamples, *both.shape[1:]), numbers)
    method = f"paired {bootstrap_label(both, pair.cluster, resamples, seed)}"
    lowest = percentile_interval(first, method, confidence).low
    if lowest is None or lowest <= 0:
        return Reduction(None, None, None, before, after, metric.unit, n, "no interval: the first rate cannot be told from 0")
    # A resample without any error of A is rarer than the tail that is cut off, so what stands in its place does not matter.
    ratios = np.where(first > 0, 1 - second / np.where(first > 0, first, 1.0), -np.inf)
    low, high = np.quantile(ratios, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Reduction(1 - after / before, float(low), float(high), before, after, metric.unit, n, method)
