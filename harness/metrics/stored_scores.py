"""Metrics of plug-in files in a stored run: what is known about their scores, so that a run can be read without running the file.

The numbers are stored with the predictions. A reader of the run, such as the report, uses them; nothing is computed for other outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

from harness.errors import BenchError
from harness.metrics.family import BOUNDS, Family, mean_of_total
from harness.metrics.join import MissingPrediction
from harness.types import Example, Kind, Metric, Prediction, Statistic, StoredScore


def describe_metrics(metrics: Iterable[Metric]) -> tuple[StoredScore, ...]:
    """What a run stores about metrics of single examples."""
    return tuple(StoredScore(m.name, m.direction, m.unit, m.signature, m.exact) for m in metrics)


def stored_family(name: str, scores: Sequence[StoredScore]) -> Family:
    """A family whose scores are read from the predictions."""
    metrics = tuple(_read_metric(score) for score in scores)
    return Family(name, get_args(Kind), tuple(metric.name for metric in metrics), lambda labels: metrics)


def _read_metric(score: StoredScore) -> Metric:
    def per_example(example: Example, prediction: Prediction) -> Statistic | None:
        if isinstance(prediction, MissingPrediction):
            return _worst(score)
        if score.name not in prediction.scores:
            raise BenchError(
                f"the score '{score.name}' of a plug-in file is not stored for the example '{prediction.example_id}'. Score the task again"
            )
        value = prediction.scores[score.name]
        return None if value is None else (value,)

    return Metric(
        score.name, score.direction, score.unit, "example", per_example, mean_of_total, score.signature, exact=score.exact, is_stored=True
    )


def _worst(score: StoredScore) -> Statistic | None:
    """The score of an output that is missing: the worst possible one; None where the scale has no end."""
    if score.unit not in BOUNDS or score.direction == "none":
        return None
    low, high = BOUNDS[score.unit]
    return (low if score.direction == "higher" else high,)
