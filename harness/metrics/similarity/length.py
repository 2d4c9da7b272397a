"""The length of answers in words (separated by white space), alone and relative to the reference and the inputs.

Neither longer nor shorter is better.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.metrics.family import Family, example_metric
from harness.types import Example, Metric, Prediction


def output_words(example: Example, prediction: Prediction) -> float:
    """The number of words in the answer."""
    return float(len(prediction.answer.split()))


def length_ratio(example: Example, prediction: Prediction) -> float | None:
    """Words of the answer divided by words of the first reference; None if that has no words."""
    reference = len(example.targets[0].split()) if example.targets else 0
    return output_words(example, prediction) / reference if reference else None


def compression_ratio(example: Example, prediction: Prediction) -> float | None:
    """Words of the answer divided by words of the inputs, below 1 for a summary; None if the inputs have no words."""
    words = sum(len(text.split()) for text in example.inputs.values())
    return output_words(example, prediction) / words if words else None


def _build(labels: Sequence[str]) -> tuple[Metric, ...]:
    return (
        example_metric("output_words", "none", "words", output_words, "tok:whitespace", exact=True),
        example_metric("length_ratio", "none", "ratio", length_ratio, "tok:whitespace|refs:first", exact=True),
        example_metric("compression_ratio", "none", "ratio", compression_ratio, "tok:whitespace|of:inputs", exact=True),
    )


LENGTH = Family("length", ("summarization", "generation", "qa"), ("output_words", "length_ratio", "compression_ratio"), _build)
