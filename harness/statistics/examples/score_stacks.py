"""From predictions to arrays: the additive statistics of a metric, one entry per example and seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import join
from harness.types import Example, Metric, Prediction

Array: TypeAlias = NDArray[np.float64]
_MISSING = -math.inf  # a value that no score has


def per_example_scores(metrics: Sequence[Metric], example: Example, prediction: Prediction) -> dict[str, float | None]:
    """The scores of a single example that are stored with its prediction; None where an example does not have the score."""
    statistics = {m.name: m.per_example(example, prediction) for m in metrics if m.level == "example"}
    return {name: None if statistic is None else statistic[0] for name, statistic in statistics.items()}


def stack_stored_scores(metric: Metric, examples: Sequence[Example], runs: Sequence[Sequence[Prediction]]) -> Array | None:
    """`statistic_stack` of a score that is stored with every prediction, (examples, seeds, 1), without computing it again.

    None where a prediction lacks the score. The caller must know that the same metric computed it.
    """
    if metric.level != "example":
        return None
    stack = np.empty((len(examples), len(runs), 1))
    position = {example.id: i for i, example in enumerate(examples)}
    for seed, predictions in enumerate(runs):
        scores = {p.example_id: p.scores.get(metric.name, _MISSING) for p in predictions}
        if len(scores) != len(predictions) or scores.keys() != position.keys() or _MISSING in scores.values():
            return None
        stack[:, seed, 0] = [math.nan if (score := scores[example.id]) is None else score for example in examples]
    return stack


def example_statistics(metric: Metric, examples: Sequence[Example], predictions: Sequence[Prediction]) -> tuple[Array, NDArray[np.int64]]:
    """The statistics (m, d) of the examples that have the score, and the positions (m,) of these among all examples.

    Raises:
        BenchError: predictions that do not fit the examples (an unknown or a repeated id).
    """
    statistics = [metric.per_example(e, p) for e, p in join(examples, predictions)]
    positions = [k for k, statistic in enumerate(statistics) if statistic is not None]
    values = np.array([statistic for statistic in statistics if statistic is not None], dtype=np.float64)
    return values.reshape(len(positions), -1 if positions else 0), np.array(positions, dtype=np.int64)


def statistic_stack(metric: Metric, examples: Sequence[Example], runs: Sequence[Sequence[Prediction]]) -> Array:
    """The statistics of several seeds, (examples, seeds, d), as `compare_scores` takes them. NaN where an example does not have the score.

    Raises:
        BenchError: predictions that do not fit the examples.
    """
    by_seed = [example_statistics(metric, examples, predictions) for predictions in runs]
    width = max((values.shape[1] for values, _ in by_seed), default=0) or 1
    stack = np.full((len(examples), len(runs), width), np.nan)
    for seed, (values, positions) in enumerate(by_seed):
        if len(positions):
            stack[positions, seed] = values
    return stack


@dataclass(frozen=True)
class CompleteExamples:
    """The examples that have the score for every seed: statistics (m, seeds, d), their groups, and how many examples were dropped."""

    stack: Array
    groups: tuple[str | None, ...]
    dropped: int


def complete_examples(stack: Array, groups: Sequence[str | None]) -> CompleteExamples:
    """Drop the examples that lack the score for any seed.

    Raises:
        ValueError: the length of `groups` is not that of the stack.
    """
    if len(groups) != len(stack):
        raise ValueError(f"{len(groups)} groups for {len(stack)} examples")
    complete: NDArray[np.bool_] = np.logical_not(np.isnan(stack).any(axis=(1, 2)))
    if complete.all():
        return CompleteExamples(stack, tuple(groups), 0)
    kept = tuple(group for group, keep in zip(groups, complete.tolist(), strict=True) if keep)
    return CompleteExamples(stack[complete], kept, int((~complete).sum()))


def undefined_reason(metric: Metric, stack: Array) -> str:
    """Why a strategy has no score on these examples, from their statistics (n, seeds, d) without NaN; empty if it has one.

    The score is the mean over seeds, so that it is undefined if that of any seed is.
    """
    if not len(stack):
        return "no example has this score"
    reasons = [metric.undefined(stack[:, seed]) for seed in range(stack.shape[1])]
    return next(filter(None, reasons), "")
