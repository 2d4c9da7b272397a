"""Predictions and references in, scores out. Pure functions; each metric says in its signature what made its number."""

from harness.metrics.evaluate_library import SCRIPT, is_of_library, score_of, scripts_of
from harness.metrics.facts import FACTS, has_facts
from harness.metrics.families import FAMILIES, families, metrics_for
from harness.metrics.family import BOUNDS, Family, example_metric
from harness.metrics.join import join
from harness.metrics.labels import ClassRow, confusion, per_class
from harness.metrics.plugin_contract import check_family
from harness.types import Metric

__all__ = [
    "BOUNDS",
    "FACTS",
    "FAMILIES",
    "SCRIPT",
    "ClassRow",
    "Family",
    "Metric",
    "check_family",
    "confusion",
    "example_metric",
    "families",
    "has_facts",
    "is_of_library",
    "join",
    "metrics_for",
    "per_class",
    "score_of",
    "scripts_of",
]
