"""The limits that a score has on one side, each at level α: what floors and ceilings are read from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS
from harness.statistics.bootstrap_limits import bootstrap_limits, bootstrap_method, carrying_rows, left_out
from harness.statistics.clusters import cluster_index
from harness.statistics.intervals import (
    ROUGH,
    Interval,
    bootstrap_label,
    clopper_pearson_interval,
    mean_interval,
    units,
    unseen_room,
)
from harness.statistics.one_sided import OneSided
from harness.statistics.resampling import resampled_scores, seen_scores
from harness.statistics.statistic_rows import whole_rows
from harness.statistics.weighted import weighted_share
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]
_SAME = 1e-12


def score_limits(
    stack: Array, *, metric: Metric, groups: Sequence[str | None], alpha: float = 0.05, resamples: int = 2000, seed: int = 0
) -> OneSided:
    """The score of a strategy over its seeds, above `low` and below `high`, each with confidence 1 − α.

    Shares of rows: Clopper and Pearson, where groups repeat of as many rows as tell as much. Other means as `mean_interval`, corpus scores
    as `bootstrap_limits`; valid where these are. Where nothing varied, what n rows cannot have shown may lie at the ends of the scale.

    Args:
        stack: (n, seeds, d), as `statistic_stack` gives it; NaN where the question does not arise.
    """
    rows = whole_rows(stack, groups)
    n = len(rows.stack)
    if n == 0:
        return OneSided(None, None, None, 0, "no rows: the question does not arise for any")
    value = float(np.mean(seen_scores(metric, rows.stack)))
    cluster, confidence = cluster_index(rows.groups, n), 1 - 2 * alpha
    if units(n, cluster) < 2:
        return OneSided(value, None, None, n, f"no limits: {units(n, cluster)} independent rows")
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
        label = bootstrap_label(rows.stack, cluster, resamples, seed, rough=metric.rough)
        carried = carrying_rows(left_out(metric, rows.stack, cluster).mean(axis=1))
        limits = bootstrap_limits(value, drawn, carried, alpha)
        found = Interval(*limits, float(np.std(drawn, ddof=1)), None, bootstrap_method(label, carried))
    found = _bounded(found, value, metric, units(n, cluster), confidence)
    return OneSided(value, found.low, found.high, n, found.method)


def _bounded(found: Interval, value: float, metric: Metric, count: int, confidence: float) -> Interval:
    if found.low is None or found.high is None or metric.unit not in BOUNDS:
        return found
    low, high, method = found.low, found.high, found.method
    lowest, highest = BOUNDS[metric.unit]
    if high - low < _SAME:
        low, high = unseen_room(value, (lowest, highest), count, confidence)
        method = f"{method.removesuffix(ROUGH)}, no spread{ROUGH}"
    return Interval(max(low, lowest), min(high, highest), found.se, found.df, method)
