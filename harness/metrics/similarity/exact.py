"""Exact match: the answer is one of the references, but for white space around it."""

from __future__ import annotations

from collections.abc import Sequence

from harness.metrics.family import Family, example_metric
from harness.types import Example, Metric, Prediction


def exact_match(example: Example, prediction: Prediction) -> float | None:
    """1 where the stripped answer equals any stripped reference, else 0; None where there is no reference."""
    if not example.targets:
        return None
    return float(prediction.answer.strip() in {target.strip() for target in example.targets})


def _build(labels: Sequence[str]) -> tuple[Metric, ...]:
    return (example_metric("exact_match", "higher", "fraction", exact_match, "case:kept|space:stripped|refs:any"),)


EXACT_MATCH = Family("exact_match", ("summarization", "generation", "classification"), ("exact_match",), _build)
