"""The registered names that YAML may use, collected from the rooms that register them."""

from __future__ import annotations

from harness.catalog import MetricNames, Vocabulary
from harness.data import sources
from harness.metrics import families


def vocabulary() -> Vocabulary:
    """Metrics with the kinds they fit and the scores they give, and the sources of data."""
    return Vocabulary(
        metrics={name: MetricNames(family.kinds, family.scores) for name, family in families().items()},
        sources=tuple(sources()),
    )
