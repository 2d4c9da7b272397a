"""Human reviews, and what judges say, in words."""

from harness.reporting.wording.review import combined_wording, judge_wording, plan_wording, review_sentences, review_tables
from harness.reporting.wording.review.judge_wording import describe_judge_plan, describe_judge_record

__all__ = [
    "combined_wording",
    "describe_judge_plan",
    "describe_judge_record",
    "judge_wording",
    "plan_wording",
    "review_sentences",
    "review_tables",
]
