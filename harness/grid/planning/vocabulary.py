"""The registered names that YAML may use, collected from the folders that register them."""

from __future__ import annotations

from typing import get_args

from harness.catalog import MetricInfo, Vocabulary
from harness.data import sources
from harness.metrics import families, is_library_metric, library_score_name
from harness.types import Kind


def vocabulary() -> Vocabulary:
    """Metrics with the kinds they fit and the scores they give, and the sources of data."""
    return Vocabulary(
        metrics={name: MetricInfo(family.kinds, family.scores) for name, family in families().items()},
        sources=tuple(sources()),
        library_metric=lambda name: MetricInfo(get_args(Kind), (library_score_name(name),)) if is_library_metric(name) else None,
    )
