"""The scores of one strategy on one task, each with its interval.

| scores | interval |
| --- | --- |
| 0 or 1, independent examples, one seed | the outer of Wilson and mid-P |
| other scores of single examples, or several seeds (averaged within each example first) | t, with skewed values also Hall's |
| either, where examples share groups | the same with a cluster-robust standard error |
| averages over labels (macro-F1, MCC) | `corrected_interval` of a bootstrap over examples or groups, of the mean over seeds |
| other corpus scores (BLEU) | percentiles of the same bootstrap |
| AUROC | t on the logit scale with DeLong's standard error (`rank_scores`) |
| expected calibration error | none is known to be valid |
| no spread at all, on a bounded scale | a share of unseen values (`unseen_share`) may lie at the ends of the scale; named in the method |

Intervals are at 95%. They say how much another sample of examples could change the number; the trained seeds are taken as given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS, scale_width
from harness.statistics.examples import (
    CompleteExamples,
    cluster_index,
    complete_examples,
    count_units,
    observed_scores,
    resampled_scores,
    statistic_stack,
    undefined_reason,
)
from harness.statistics.intervals.bootstrap import bootstrap_basis, percentile_interval
from harness.statistics.intervals.corpus import corrected_interval
from harness.statistics.intervals.interval import Interval, no_interval, too_few_units
from harness.statistics.intervals.means import mean_interval
from harness.statistics.intervals.proportions import allow_for_unseen, proportion_interval
from harness.statistics.intervals.rank_scores import rank_interval
from harness.types import Example, Metric, Prediction, Score, Statistic

Array: TypeAlias = NDArray[np.float64]
_PerExample: TypeAlias = Callable[[Example, Prediction], Statistic | None]


def compute_scores(
    metrics: Sequence[Metric], examples: Sequence[Example], predictions: Sequence[Prediction], *, resamples: int = 2000, seed: int = 0
) -> dict[str, Score]:
    """The scores of one set of predictions, joined to the examples on the id. A missing prediction scores as an empty output.

    Raises:
        BenchError: a prediction of an unknown example, or two of one.
    """
    return score_strategy(metrics, examples, [predictions], resamples=resamples, seed=seed)


def score_strategy(
    metrics: Sequence[Metric],
    examples: Sequence[Example],
    runs: Sequence[Sequence[Prediction]],
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Score]:
    """The scores of a strategy over its training seeds: `runs` has one sequence of predictions per seed. `seed` is that of the bootstrap.

    Raises:
        BenchError: a prediction of an unknown example, or two of one in a run.
        ValueError: no run.
    """
    if not runs:
        raise ValueError("there are no predictions to score")
    groups = [e.group for e in examples]
    return score_stacks(metrics, lambda m: statistic_stack(m, examples, runs), groups, resamples=resamples, seed=seed)


def score_stacks(
    metrics: Sequence[Metric],
    get_stack: Callable[[Metric], Array],
    groups: Sequence[str | None],
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Score]:
    """`score_strategy` for statistics that exist already: `get_stack` returns those of a metric, (examples, seeds, d)."""
    families: dict[_PerExample, _Sample] = {}  # the metrics of a family share statistics
    scores = {}
    for metric in metrics:
        if metric.per_example not in families:
            families[metric.per_example] = _Sample(complete_examples(get_stack(metric), groups), resamples, seed)
        scores[metric.name] = _score(metric, families[metric.per_example])
    return scores


class _Sample:
    """The examples that have the scores of a family of metrics, and how they are resampled."""

    def __init__(self, examples: CompleteExamples, resamples: int, seed: int) -> None:
        self.stack, self.groups, self.dropped = examples.stack, examples.groups, examples.dropped
        self.resamples, self.seed = resamples, seed
        self.n = len(self.stack)
        self.cluster = cluster_index(self.groups, self.n)
        self.units = count_units(self.n, self.cluster)


def _score(metric: Metric, sample: _Sample) -> Score:
    if reason := undefined_reason(metric, sample.stack):
        return Score(None, None, None, sample.n, "no interval", sample.dropped, reliable=False, reason=reason)
    value, seeds = float(np.mean(observed_scores(metric, sample.stack))), sample.stack.shape[1]
    interval = _example_interval(metric, sample) if metric.level == "example" else _corpus_interval(metric, sample)
    interval = _bounded(metric, value, interval, sample.units)
    method = interval.method + (f"; mean of {seeds} seeds" if seeds > 1 else "")
    return Score(value, interval.low, interval.high, sample.n, method, sample.dropped, reliable=interval.reliable, reason=interval.reason)


def _example_interval(metric: Metric, sample: _Sample) -> Interval:
    values = sample.stack[:, :, 0].mean(axis=1)
    if metric.unit == "fraction" and sample.cluster is None and np.isin(values, (0.0, 1.0)).all():
        return proportion_interval(int(values.sum()), len(values))
    return mean_interval(values, sample.groups, scale=scale_width(metric))


def _corpus_interval(metric: Metric, sample: _Sample) -> Interval:
    if metric.no_interval or sample.units < 2:
        return no_interval(sample.n, sample.units, metric.no_interval or too_few_units(sample.n, sample.units))
    if metric.influences:
        return rank_interval(metric, sample.stack, sample.cluster)
    if metric.labels:
        return corrected_interval(metric, sample.stack, sample.cluster, resamples=sample.resamples, seed=sample.seed)
    scores = resampled_scores(metric, sample.stack, sample.cluster, sample.resamples, sample.seed)
    basis = bootstrap_basis(sample.stack, sample.cluster, sample.resamples, sample.seed, metric=metric)
    return percentile_interval(scores.mean(axis=-1), basis)


def _bounded(metric: Metric, value: float, interval: Interval, units: int) -> Interval:
    """The interval within the bounds of the score; without any spread, with the allowance for unseen values."""
    if interval.low is None or interval.high is None or metric.unit not in BOUNDS:
        return interval
    low, high = interval.low, interval.high
    lowest, highest = BOUNDS[metric.unit]
    if high - low < 1e-12:  # the same score in every resample, except for rounding
        low, high = allow_for_unseen(value, (lowest, highest), units)
        method = f"{interval.method}, no spread: Clopper–Pearson of none in {units}"
        interval = replace(interval, method=method, reliable=False, reason="all examples have the same value")
    return replace(interval, low=max(low, lowest), high=min(high, highest))
