"""How long the answers are, in words (what stands between white space), beside the reference, and beside what they were made of.

Neither long nor short is better.
"""

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


def compression_ratio(example: Example, prediction: Prediction) -> float | None:
    """Words of the answer over words of the inputs, below 1 for a summary; None where the inputs have no words."""
    source = sum(len(text.split()) for text in example.inputs.values())
    return output_words(example, prediction) / source if source else None


def _build(labels: Sequence[str]) -> tuple[Metric, ...]:
    return (
        example_metric("output_words", "none", "words", output_words, "tok:whitespace"),
        example_metric("length_ratio", "none", "ratio", length_ratio, "tok:whitespace|refs:first"),
        example_metric("compression_ratio", "none", "ratio", compression_ratio, "tok:whitespace|of:inputs"),
    )


LENGTH = Family("length", ("summarization", "generation", "qa"), ("output_words", "length_ratio", "compression_ratio"), _build)
