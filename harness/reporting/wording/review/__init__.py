"""Human reviews in words."""

from harness.reporting.wording.review import combined_wording, review_sentences, review_tables

__all__ = ["combined_wording", "review_sentences", "review_tables"]
