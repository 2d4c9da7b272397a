"""The metrics that a task can name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from harness.errors import BenchError, did_you_mean
from harness.metrics.classification import CLASSIFICATION
from harness.metrics.exact import EXACT_MATCH
from harness.metrics.family import Family
from harness.metrics.length import LENGTH
from harness.metrics.rouge import ROUGE
from harness.types import Metric

FAMILIES: Mapping[str, Family] = MappingProxyType({f.name: f for f in (ROUGE, EXACT_MATCH, LENGTH, CLASSIFICATION)})


def metrics_for(names: Sequence[str], labels: Sequence[str]) -> tuple[Metric, ...]:
    """The metrics of these families, in their order, a family that is named twice once.

    Args:
        names: names of families, as a task's `metrics` lists them.
        labels: the classes of a classification task; empty for other kinds.

    Raises:
        BenchError: a name that is no family, with the closest one; or `classification` without labels.
    """
    unknown = [f"unknown metric '{name}'.{_hint(name)}" for name in names if name not in FAMILIES]
    if unknown:
        raise BenchError(unknown)
    return tuple(metric for name in dict.fromkeys(names) for metric in FAMILIES[name].build(labels))


def _hint(name: str) -> str:
    owner = next((f.name for f in FAMILIES.values() if name in f.scores), None)
    return f" It is a score of the metric '{owner}': name that." if owner else did_you_mean(name, FAMILIES)
