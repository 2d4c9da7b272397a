"""The automatic scores that judge a row alone."""

from __future__ import annotations

from collections.abc import Sequence

from harness.metrics import metrics_for
from harness.types import Example, Metric, Prediction, Task


def row_metrics(task: Task, examples: Sequence[Example]) -> tuple[Metric, ...]:
    """Those of the task of which more, or less, is better; the primary one first, or the accuracy of labels."""
    offered = dict.fromkeys(choice for e in examples for choice in e.choices) if task.chooses else {}
    labels = task.labels or tuple(offered)
    if task.chooses and not labels:
        return ()
    found = [m for m in metrics_for(task.metrics, labels) if m.level == "example" and m.direction != "none"]
    return tuple(sorted(found, key=lambda m: m.name not in (task.primary, "accuracy")))


def row_score(metric: Metric, example: Example, prediction: Prediction | None) -> float | None:
    """The score of one output, as it is stored with it or counted now; None where the question does not arise."""
    if prediction is None:
        return None
    if metric.name in prediction.scores:
        return prediction.scores[metric.name]
    found = metric.per_example(example, prediction)
    return found[0] if found else None
