"""The registered names that YAML may use, collected from the folders that register them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import get_args

from harness.catalog import MetricInfo, ScoreInfo, Vocabulary
from harness.data import sources
from harness.metrics import BOUNDS, FACTS, LIBRARY_METRICS, LIBRARY_PREFIX, Family, families, is_library_metric, library_score_name
from harness.results import LEAK_BOUNDS
from harness.types import Kind

_REVIEW_SCORES = {"review.critical_error_rate": ScoreInfo("lower", (0.0, 1.0), takes_slices=False, is_compared=False)}

_LEAK_SCORES = {name: ScoreInfo("lower", bounds, takes_slices=False, is_compared=False) for name, bounds in LEAK_BOUNDS.items()}


def vocabulary() -> Vocabulary:
    """Metrics with the kinds they fit and the scores they give, what raters and the leak test find, and the sources of data."""
    return Vocabulary(
        metrics={name: MetricInfo(family.kinds, family.scores, partial(_describe_scores, family)) for name, family in families().items()},
        implied_metrics=(FACTS.name,),
        review_scores=_REVIEW_SCORES,
        leak_scores=_LEAK_SCORES,
        sources=tuple(sources()),
        library_metric=lambda name: MetricInfo(get_args(Kind), (library_score_name(name),)) if is_library_metric(name) else None,
        library_names={name: LIBRARY_PREFIX + name for name in LIBRARY_METRICS},
    )


def _describe_scores(family: Family) -> Mapping[str, ScoreInfo]:
    """The direction and the bounds of each score, which do not depend on the labels. Nothing where a plug-in cannot be built."""
    try:
        metrics = family.build(("a", "b"))
    except Exception:  # third-party code can fail in any way; the plan reports it, with the real labels
        return {}
    # A score over all labels has no meaning for examples that lack some of them.
    over_labels = "classification" in family.kinds
    return {m.name: ScoreInfo(m.direction, BOUNDS.get(m.unit), m.level == "example" or not over_labels) for m in metrics}
