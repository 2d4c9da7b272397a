"""The scores of one strategy on one task, each with its interval.

| rows | interval |
| --- | --- |
| 0 or 1, independent, one seed | Wilson |
| other scores of single examples, or several seeds (averaged within each example first) | t, with Hall's where they are skewed |
| either, where groups repeat | the same with a cluster-robust error |
| corpus scores (macro-F1, MCC) | percentile bootstrap over rows or groups; of several seeds the mean, on the same resampled examples |
| no spread at all, on a scale with limits | a share of what was not seen (`unseen_share`) may lie at the ends of the scale; labelled |

Intervals are 95 %. They say how much another sample of examples could change the number; the seeds are taken as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS
from harness.statistics.clusters import cluster_index
from harness.statistics.interval import Basis, Interval, no_interval, too_few_units
from harness.statistics.intervals import (
    bootstrap_basis,
    mean_interval,
    percentile_interval,
    units,
    unseen_room,
    wilson_interval,
)
from harness.statistics.resampling import resampled_scores, seen_scores
from harness.statistics.statistic_rows import Rows, statistic_stack, whole_rows
from harness.types import Example, Metric, Prediction, Score, Statistic

Array: TypeAlias = NDArray[np.float64]
_Question: TypeAlias = Callable[[Example, Prediction], Statistic | None]


def score_rows(
    metrics: Sequence[Metric], examples: Sequence[Example], predictions: Sequence[Prediction], *, resamples: int = 2000, seed: int = 0
) -> dict[str, Score]:
    """The scores of one set of predictions, joined to the examples on the id. A missing prediction scores as an empty output.

    Raises:
        BenchError: a prediction of an unknown example, or two of one.
    """
    return strategy_scores(metrics, examples, [predictions], resamples=resamples, seed=seed)


def strategy_scores(
    metrics: Sequence[Metric],
    examples: Sequence[Example],
    runs: Sequence[Sequence[Prediction]],
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Score]:
    """The scores of a strategy over its seeds, one sequence of predictions a seed. `seed` here is that of the bootstrap.

    Raises:
        BenchError: a prediction of an unknown example, or two of one in a run.
        ValueError: no run at all.
    """
    if not runs:
        raise ValueError("there are no predictions to score")
    groups = [e.group for e in examples]
    return stack_scores(metrics, lambda m: statistic_stack(m, examples, runs), groups, resamples=resamples, seed=seed)


def stack_scores(
    metrics: Sequence[Metric],
    stack_of: Callable[[Metric], Array],
    groups: Sequence[str | None],
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Score]:
    """`strategy_scores` for statistics that are at hand: `stack_of` gives a metric's, (examples, seeds, d), as `statistic_stack` does."""
    seen: dict[_Question, tuple[Rows, _Drawing]] = {}  # the metrics of a family share rows, and so resamples
    scores = {}
    for metric in metrics:
        if metric.per_example not in seen:
            rows = whole_rows(stack_of(metric), groups)
            seen[metric.per_example] = rows, _Drawing(rows, resamples, seed)
        scores[metric.name] = _score(metric, *seen[metric.per_example])
    return scores


class _Drawing:
    """The rows of a family of metrics, and how they are resampled."""

    def __init__(self, rows: Rows, resamples: int, seed: int) -> None:
        self.rows, self.resamples, self.seed = rows, resamples, seed
        self.cluster = cluster_index(rows.groups, len(rows.stack))

    def basis(self, metric: Metric) -> Basis:
        """What the bootstrap of a metric's score rests on."""
        return bootstrap_basis(self.rows.stack, self.cluster, self.resamples, self.seed, biased=metric.resampling_biased)

    def scores(self, metric: Metric) -> Array:
        """The score of each seed in each resample, (resamples, seeds)."""
        return resampled_scores(metric, self.rows.stack, self.cluster, self.resamples, self.seed)


def _score(metric: Metric, rows: Rows, drawing: _Drawing) -> Score:
    n, seeds, _ = rows.stack.shape
    if n == 0:
        return Score(None, None, None, 0, "no interval", rows.dropped, reliable=False, reason="no example has this score")
    value = float(np.mean(seen_scores(metric, rows.stack)))
    interval = _bounded(
        metric, value, _example_interval(metric, rows) if metric.level == "example" else _corpus_interval(metric, drawing), drawing
    )
    suffix = f"; mean of {seeds} seeds" if seeds > 1 else ""
    method = interval.method + suffix
    return Score(value, interval.low, interval.high, n, method, rows.dropped, reliable=interval.reliable, reason=interval.reason)


def _example_interval(metric: Metric, rows: Rows) -> Interval:
    values = rows.stack[:, :, 0].mean(axis=1)
    grouped = cluster_index(rows.groups, len(values)) is not None
    if metric.unit == "fraction" and not grouped and np.isin(values, (0.0, 1.0)).all():
        return wilson_interval(int(values.sum()), len(values))
    return mean_interval(values, rows.groups)


def _corpus_interval(metric: Metric, drawing: _Drawing) -> Interval:
    n = len(drawing.rows.stack)
    count = units(n, drawing.cluster)
    if count < 2:
        return no_interval(n, count, too_few_units(n, count))
    return percentile_interval(drawing.scores(metric).mean(axis=-1), drawing.basis(metric))


def _bounded(metric: Metric, value: float, interval: Interval, drawing: _Drawing) -> Interval:
    """The interval within the limits of the score; where nothing varied, as wide as what n rows cannot have shown."""
    if interval.low is None or interval.high is None or metric.unit not in BOUNDS:
        return interval
    low, high = interval.low, interval.high
    lowest, highest = BOUNDS[metric.unit]
    if high - low < 1e-12:  # the same score in every resample, but for rounding
        count = units(len(drawing.rows.stack), drawing.cluster)
        low, high = unseen_room(value, (lowest, highest), count)
        method = f"{interval.method}, no spread: Clopper–Pearson of none in {count}"
        interval = replace(interval, method=method, reliable=False, reason="all examples have the same value")
    return replace(interval, low=max(low, lowest), high=min(high, highest))
