"""The automatic scores that judge a row alone, as the report has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from harness.results import TaskResults
from harness.types import Cell, Metric

Scores: TypeAlias = Mapping[tuple[str, str], float]  # by row and strategy, turned so that more is better


def row_metrics(rows: TaskResults) -> tuple[Metric, ...]:
    """Those of the task of which more, or less, is better; the primary one first, or the accuracy of labels."""
    found = [m for m in rows.metrics if m.level == "example" and m.direction != "none"]
    return tuple(sorted(found, key=lambda m: m.name not in (rows.task.primary, "accuracy")))


def row_scores(rows: TaskResults, metric: Metric, cells: Mapping[str, Cell]) -> Scores:
    """The score of each output, by row and strategy; without those for which the question does not arise."""
    sign = -1.0 if metric.direction == "lower" else 1.0
    found: dict[tuple[str, str], float] = {}
    for name, cell in cells.items():
        values = rows.stack(metric, [cell])[:, 0, 0]
        found |= {(e.id, name): sign * float(v) for e, v in zip(rows.examples, values, strict=True) if not np.isnan(v)}
    return found
