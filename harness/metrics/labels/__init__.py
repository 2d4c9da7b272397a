"""Scores of answers that are chosen from labels, and of the probabilities of the labels."""

from harness.metrics.labels.classification import CLASSIFICATION, ClassScores, confusion_matrix, score_classes
from harness.metrics.labels.label_match import match_label
from harness.metrics.labels.probabilities import BINS, PROBABILITIES, label_probabilities, normalize_likelihoods

__all__ = [
    "BINS",
    "CLASSIFICATION",
    "PROBABILITIES",
    "ClassScores",
    "confusion_matrix",
    "label_probabilities",
    "match_label",
    "normalize_likelihoods",
    "score_classes",
]
