"""Scores single outputs as the task does, so that new rows and test examples are measured in the same way."""

from __future__ import annotations

from dataclasses import replace

from harness.lifecycle.watch.scales import UNBOUNDED, ValueScale
from harness.lifecycle.watch.watched_rows import WatchedRow
from harness.metrics import BOUNDS, SUPPORT_SCORE
from harness.results import TaskScores, example_metric_of
from harness.types import Example, Metric, Prediction

_UNSUPPORTED = "unsupported_rate"


class RowScorer:
    """The scores of a task that single rows have.

    Attributes:
        metric: the primary score, or where that is an average over classes the accuracy; None where no score judges single examples.
        labels: to choose from; empty if answers are generated.
    """

    def __init__(self, scores: TaskScores) -> None:
        usable = [metric for metric in scores.metrics if not metric.is_stored and metric.name != SUPPORT_SCORE]
        self._task = scores.task
        self.labels = scores.labels
        self.metric: Metric | None = example_metric_of(usable) if usable else None
        self._unsupported = next((metric for metric in usable if metric.name == _UNSUPPORTED), None)

    @property
    def scale(self) -> ValueScale:
        """The scale of the score."""
        bounds = BOUNDS.get(self.metric.unit) if self.metric else None
        return ValueScale(*bounds) if bounds else UNBOUNDED

    def read_output(self, example: Example, text: str) -> Prediction:
        """An output as the task reads it: the label that it names, or the answer in it."""
        from harness.engine.inference import extract
        from harness.metrics import match_label

        if self._task.chooses:
            return Prediction(example.id, text, match_label(text, self.labels), finish="choice")
        return Prediction(example.id, text, extract(text, self._task, self._task.decode.stop))

    def score(self, row: WatchedRow) -> WatchedRow:
        """The row with its scores: the primary one where it has a label, and what the input does not support where that is measured."""
        if row.prediction is None:
            return row
        return replace(
            row,
            score=_measure(self.metric, row.example, row.prediction) if row.example.targets else None,
            unsupported=_measure(self._unsupported, row.example, row.prediction),
        )


def _measure(metric: Metric | None, example: Example, prediction: Prediction) -> float | None:
    statistic = metric.per_example(example, prediction) if metric is not None else None
    return None if statistic is None else float(statistic[0])
