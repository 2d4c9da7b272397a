"""Sentences about A/B tests. Callers import the module."""

from harness.reporting.wording.experiments import outcome_words, plan_sentences, reading_sentences

__all__ = ["outcome_words", "plan_sentences", "reading_sentences"]
