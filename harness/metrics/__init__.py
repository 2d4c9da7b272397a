"""Predictions and references in, scores out. Pure functions; each metric says in its signature what made its number."""

from harness.metrics.classification import ClassRow, confusion, per_class
from harness.metrics.family import BOUNDS, Family
from harness.metrics.join import join
from harness.metrics.registry import FAMILIES, metrics_for

__all__ = ["BOUNDS", "FAMILIES", "ClassRow", "Family", "confusion", "join", "metrics_for", "per_class"]
