"""Human reviews, and what judges say, in words."""

from harness.reporting.wording.review import combined_wording, judge_tables, judge_wording, plan_wording, review_sentences, review_tables
from harness.reporting.wording.review.judge_wording import describe_judge_plan

__all__ = [
    "combined_wording",
    "describe_judge_plan",
    "judge_tables",
    "judge_wording",
    "plan_wording",
    "review_sentences",
    "review_tables",
]
