"""How long the answers are, in words (what stands between white space), and beside the reference. Neither long nor short is better."""

from __future__ import annotations

from collections.abc import Sequence

from harness.metrics.family import Family, example_metric
from harness.types import Example, Metric, Prediction


def output_words(example: Example, prediction: Prediction) -> float:
    """The words of the answer."""
    return float(len(prediction.answer.split()))


def length_ratio(example: Example, prediction: Prediction) -> float | None:
    """Words of the answer over words of the first reference; None where that one has no words."""
    reference = len(example.targets[0].split()) if example.targets else 0
    return output_words(example, prediction) / reference if reference else None


def _build(labels: Sequence[str]) -> tuple[Metric, ...]:
    return (
        example_metric("output_words", "none", "words", output_words, "tok:whitespace"),
        example_metric("length_ratio", "none", "ratio", length_ratio, "tok:whitespace|refs:first"),
    )


LENGTH = Family("length", ("summarization", "generation", "qa"), ("output_words", "length_ratio"), _build)
