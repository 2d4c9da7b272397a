"""Automatic scores of single examples, as the report has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from harness.results import TaskScores
from harness.types import Cell, Metric

# By example and strategy, with the sign changed where lower is better: more is always better.
OrientedScores: TypeAlias = Mapping[tuple[str, str], float]


def list_example_metrics(results: TaskScores) -> tuple[Metric, ...]:
    """The task's metrics that score single examples and have a direction; the primary one, or the accuracy of labels, comes first."""
    metrics = [m for m in results.metrics if m.level == "example" and m.direction != "none"]
    return tuple(sorted(metrics, key=lambda m: m.name not in (results.task.primary, "accuracy")))


def load_example_scores(results: TaskScores, metric: Metric, cells: Mapping[str, Cell]) -> OrientedScores:
    """The score of each output; outputs that the metric does not score are left out."""
    sign = -1.0 if metric.direction == "lower" else 1.0
    scores: dict[tuple[str, str], float] = {}
    for name, cell in cells.items():
        values = results.stack(metric, [cell])[:, 0, 0]
        scores |= {(e.id, name): sign * float(v) for e, v in zip(results.examples, values, strict=True) if not np.isnan(v)}
    return scores
