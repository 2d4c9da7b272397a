"""Sentences of the commands for data. Callers import the module."""

from harness.reporting.wording.data import anonymize_sentences, check_fixes, check_sentences
from harness.reporting.wording.data.cleaning_sentences import describe_cleaning, describe_split_column

__all__ = ["anonymize_sentences", "check_fixes", "check_sentences", "describe_cleaning", "describe_split_column"]
