"""Predictions with the scores that judge single examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.metrics import metrics_for
from harness.statistics import per_example_scores
from harness.types import Example, Metric, Prediction, Task


@dataclass(frozen=True)
class ScoredPredictions:
    """Predictions with their scores, and the metrics that computed these."""

    metrics: Sequence[Metric]
    predictions: list[Prediction]

    @property
    def signatures(self) -> Mapping[str, str]:
        """The signature of each metric by score name."""
        return {metric.name: metric.signature for metric in self.metrics}


def score_predictions(
    task: Task, examples: Sequence[Example], predictions: Sequence[Prediction], *, trust_remote_code: bool
) -> ScoredPredictions:
    """Score each prediction against its example; examples without a prediction are left out.

    Args:
        trust_remote_code: run the code of metrics that come with a script.
    """
    metrics = metrics_for(task.metrics, examples[0].choices, run_code=trust_remote_code, scorer=task.faithfulness.fingerprint or "")
    by_id = {example.id: example for example in examples}
    scored = [replace(p, scores=per_example_scores(metrics, by_id[p.example_id], p)) for p in predictions]
    return ScoredPredictions(metrics, scored)
