"""How far a model finds an output supported by its input. The model reads outputs where they are scored; here the stored number is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.errors import BenchError
from harness.metrics.family import Family, example_metric
from harness.metrics.join import MissingPrediction
from harness.types import Example, Metric, Prediction

SUPPORT_SCORE = "support"


def input_text(example: Example) -> str:
    """Everything that an output may rest on: all inputs, a line for each."""
    return "\n".join(text for text in example.inputs.values() if text.strip())


def support(example: Example, prediction: Prediction) -> float | None:
    """The stored support of the output: 0 for an empty or missing output, because nothing in it is supported; None without an input.

    Raises:
        BenchError: the output was never read by a model.
    """
    if not input_text(example):
        return None
    if isinstance(prediction, MissingPrediction) or not prediction.answer.strip():
        return 0.0
    value = prediction.scores.get(SUPPORT_SCORE)
    if value is None:
        raise BenchError(
            f"the output of the example '{prediction.example_id}' has no '{SUPPORT_SCORE}' score, which a model computes when outputs are "
            "scored. Run or score the task again."
        )
    return value


def with_scorer(metrics: Sequence[Metric], scorer: str) -> tuple[Metric, ...]:
    """The metrics, with the model that computes `support` in its signature.

    Args:
        scorer: its fingerprint; empty where no model is known.
    """
    return tuple(replace(m, signature=f"{m.signature}|scorer:{scorer}") if m.name == SUPPORT_SCORE and scorer else m for m in metrics)


def _build(labels: Sequence[str]) -> tuple[Metric, ...]:
    return (example_metric(SUPPORT_SCORE, "higher", "score", support, "input:all|empty:0"),)


SUPPORT = Family(SUPPORT_SCORE, ("summarization", "generation", "qa"), (SUPPORT_SCORE,), _build)
