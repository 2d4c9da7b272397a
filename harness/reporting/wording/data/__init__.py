"""Sentences of the commands for data. Callers import the module."""

from harness.reporting.wording.data import anonymize_sentences

__all__ = ["anonymize_sentences"]
