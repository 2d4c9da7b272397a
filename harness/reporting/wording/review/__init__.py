"""Human reviews in words."""

from harness.reporting.wording.review import combined_wording, plan_wording, review_sentences, review_tables

__all__ = ["combined_wording", "plan_wording", "review_sentences", "review_tables"]
