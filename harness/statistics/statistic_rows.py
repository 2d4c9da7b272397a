"""The rows that everything here starts from: the additive statistics of a metric, one row an example."""

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
_MISSING = -math.inf  # no score is


def per_example_scores(metrics: Sequence[Metric], example: Example, prediction: Prediction) -> dict[str, float | None]:
    """The scores that judge single examples, as they are stored with each prediction; None where the question does not arise."""
    rows = {m.name: m.per_example(example, prediction) for m in metrics if m.level == "example"}
    return {name: None if row is None else row[0] for name, row in rows.items()}


def stored_stack(metric: Metric, examples: Sequence[Example], runs: Sequence[Sequence[Prediction]]) -> Array | None:
    """`statistic_stack` of a score that stands with every prediction, (examples, seeds, 1), without counting it again; None where one
    lacks it. Whether it was made by the same metric is for the caller to know."""
    if metric.level != "example":
        return None
    stack = np.empty((len(examples), len(runs), 1))
    place = {example.id: i for i, example in enumerate(examples)}
    for seed, predictions in enumerate(runs):
        scores = {p.example_id: p.scores.get(metric.name, _MISSING) for p in predictions}
        if len(scores) != len(predictions) or scores.keys() != place.keys() or _MISSING in scores.values():
            return None
        stack[:, seed, 0] = [math.nan if (score := scores[example.id]) is None else score for example in examples]
    return stack


def statistic_rows(metric: Metric, examples: Sequence[Example], predictions: Sequence[Prediction]) -> tuple[Array, NDArray[np.int64]]:
    """The statistics (m, d) of the rows where the question arises, and the positions (m,) of these rows among the examples.

    Raises:
        BenchError: predictions that do not fit the examples (an unknown or a repeated id).
    """
    rows = [metric.per_example(e, p) for e, p in join(examples, predictions)]
    kept = [k for k, row in enumerate(rows) if row is not None]
    stats = np.array([row for row in rows if row is not None], dtype=np.float64)
    return stats.reshape(len(kept), -1 if kept else 0), np.array(kept, dtype=np.int64)


def statistic_stack(metric: Metric, examples: Sequence[Example], runs: Sequence[Sequence[Prediction]]) -> Array:
    """The statistics of several seeds, (examples, seeds, d): what `compare_scores` takes. NaN where the question does not arise.

    Raises:
        BenchError: predictions that do not fit the examples.
    """
    found = [statistic_rows(metric, examples, predictions) for predictions in runs]
    width = max((stats.shape[1] for stats, _ in found), default=0) or 1
    stack = np.full((len(examples), len(runs), width), np.nan)
    for seed, (stats, kept) in enumerate(found):
        if len(kept):
            stack[kept, seed] = stats
    return stack


@dataclass(frozen=True)
class Rows:
    """The examples that count: statistics (m, seeds, d), their groups, and how many examples were dropped."""

    stack: Array
    groups: tuple[str | None, ...]
    dropped: int


def whole_rows(stack: Array, groups: Sequence[str | None]) -> Rows:
    """The rows that have a number for every seed.

    Raises:
        ValueError: `groups` is not one for each row.
    """
    if len(groups) != len(stack):
        raise ValueError(f"{len(groups)} groups for {len(stack)} rows")
    whole: NDArray[np.bool_] = np.logical_not(np.isnan(stack).any(axis=(1, 2)))
    if whole.all():
        return Rows(stack, tuple(groups), 0)
    return Rows(stack[whole], tuple(g for g, w in zip(groups, whole.tolist(), strict=True) if w), int((~whole).sum()))
