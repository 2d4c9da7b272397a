"""Sentences of the commands for data. Callers import the module."""

from harness.reporting.wording.data import (
    anonymize_sentences,
    card_sentences,
    check_fixes,
    check_sentences,
    enough_sentences,
    finding_sentences,
    label_sentences,
    training_file_sentences,
)
from harness.reporting.wording.data.cleaning_sentences import describe_cleaning, describe_split_column
from harness.reporting.wording.data.enough_sentences import explain_missing_curve

__all__ = [
    "anonymize_sentences",
    "card_sentences",
    "check_fixes",
    "check_sentences",
    "describe_cleaning",
    "describe_split_column",
    "enough_sentences",
    "explain_missing_curve",
    "finding_sentences",
    "label_sentences",
    "training_file_sentences",
]
