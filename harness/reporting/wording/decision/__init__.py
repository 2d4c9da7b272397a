"""The decision on a task in words: headline, reasons, conditions, sanity checks, and what to do next."""

from harness.reporting.wording.decision import (
    condition_sentences,
    decision_sentences,
    next_step_sentences,
    recommendation_sentences,
    sanity_sentences,
    trivial_sentences,
)
from harness.reporting.wording.decision.decision_sentences import DecisionText, describe_decision
from harness.reporting.wording.decision.recommendation_sentences import describe_full_tuning_share

__all__ = [
    "DecisionText",
    "condition_sentences",
    "decision_sentences",
    "describe_decision",
    "describe_full_tuning_share",
    "next_step_sentences",
    "recommendation_sentences",
    "sanity_sentences",
    "trivial_sentences",
]
