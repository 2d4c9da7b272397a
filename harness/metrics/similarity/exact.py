"""Exact match: the answer equals one of the references, apart from surrounding white space."""

from __future__ import annotations

from collections.abc import Sequence

from harness.metrics.family import Family, example_metric
from harness.types import Example, Metric, Prediction


def exact_match(example: Example, prediction: Prediction) -> float | None:
    """1 if the stripped answer equals a stripped reference, otherwise 0; None without a reference."""
    if not example.targets:
        return None
    return float(prediction.answer.strip() in {target.strip() for target in example.targets})


def _build(labels: Sequence[str]) -> tuple[Metric, ...]:
    return (example_metric("exact_match", "higher", "fraction", exact_match, "case:kept|space:stripped|refs:any", exact=True),)


EXACT_MATCH = Family("exact_match", ("summarization", "generation", "classification"), ("exact_match",), _build)
