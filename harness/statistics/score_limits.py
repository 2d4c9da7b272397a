"""The limits that a score has on one side, each at level α: what floors and ceilings are read from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS
from harness.statistics.bootstrap_limits import bootstrap_limits, carrying_rows, corrected_basis, left_out
from harness.statistics.clusters import cluster_index
from harness.statistics.interval import Basis, Interval, OneSidedLimits, too_few_units
from harness.statistics.intervals import (
    bootstrap_basis,
    clopper_pearson_interval,
    mean_interval,
    units,
    unseen_room,
)
from harness.statistics.resampling import resampled_scores, seen_scores
from harness.statistics.statistic_rows import whole_rows
from harness.statistics.weighted import weighted_share
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]
_SAME = 1e-12


def score_limits(
    stack: Array, *, metric: Metric, groups: Sequence[str | None], alpha: float = 0.05, resamples: int = 2000, seed: int = 0
) -> OneSidedLimits:
    """The score of a strategy over its seeds, above `low` and below `high`, each with confidence 1 − α.

    Shares of rows: Clopper and Pearson, where groups repeat of as many rows as tell as much. Other means as `mean_interval`, corpus scores
    as `bootstrap_limits`; valid where these are. Where nothing varied, what n rows cannot have shown may lie at the ends of the scale.

    Args:
        stack: (n, seeds, d), as `statistic_stack` gives it; NaN where the question does not arise.
    """
    rows = whole_rows(stack, groups)
    n = len(rows.stack)
    if n == 0:
        return Basis(0, 0, "no limits", "no example has this score").limits(None, None, None, alpha)
    value = float(np.mean(seen_scores(metric, rows.stack)))
    cluster, confidence = cluster_index(rows.groups, n), 1 - 2 * alpha
    count = units(n, cluster)
    if count < 2:
        return Basis(n, count, "no limits", too_few_units(n, count)).limits(value, None, None, alpha)
    values = rows.stack[:, :, 0].mean(axis=1)
    if metric.level == "example" and metric.unit == "fraction" and np.isin(values, (0.0, 1.0)).all():
        found = (
            clopper_pearson_interval(int(values.sum()), n, confidence)
            if cluster is None
            else weighted_share(values, np.ones(n), cluster, confidence)[1]
        )
    elif metric.level == "example":
        found = mean_interval(values, cluster, confidence)
    else:
        drawn = resampled_scores(metric, rows.stack, cluster, resamples, seed).mean(axis=1)
        basis = bootstrap_basis(rows.stack, cluster, resamples, seed, biased=metric.resampling_biased)
        carried = carrying_rows(left_out(metric, rows.stack, cluster).mean(axis=1))
        limits = bootstrap_limits(value, drawn, carried, alpha)
        found = corrected_basis(basis, carried).interval(*limits, se=float(np.std(drawn, ddof=1)))
    found = _bounded(found, value, metric, count, confidence)
    return Basis(n, count, found.method, found.reason).limits(value, found.low, found.high, alpha, se=found.se, df=found.df)


def _bounded(found: Interval, value: float, metric: Metric, count: int, confidence: float) -> Interval:
    if found.low is None or found.high is None or metric.unit not in BOUNDS:
        return found
    low, high = found.low, found.high
    lowest, highest = BOUNDS[metric.unit]
    if high - low < _SAME:
        low, high = unseen_room(value, (lowest, highest), count, confidence)
        found = replace(found, method=f"{found.method}, no spread", reliable=False, reason="all examples have the same value")
    return replace(found, low=max(low, lowest), high=min(high, highest))
