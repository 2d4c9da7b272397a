"""Scores of answers that are one of several labels, and of the probabilities of those labels."""

from harness.metrics.labels.classification import CLASSIFICATION, ClassRow, confusion, per_class
from harness.metrics.labels.probabilities import BINS, PROBABILITIES, label_probabilities, shares

__all__ = [
    "BINS",
    "CLASSIFICATION",
    "PROBABILITIES",
    "ClassRow",
    "confusion",
    "label_probabilities",
    "per_class",
    "shares",
]
