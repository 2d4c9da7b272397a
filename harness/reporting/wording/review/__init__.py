"""Human reviews in words."""

from harness.reporting.wording.review import review_sentences, review_tables

__all__ = ["review_sentences", "review_tables"]
