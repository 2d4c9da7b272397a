"""What ratings show: preferences, errors, scales, inter-rater agreement, and agreement with automatic scores."""

from harness.review.findings.automatic_scores import has_automatic_scores
from harness.review.findings.combination import ScoreCombiner
from harness.review.findings.error_detection import ErrorDetection, compute_error_detection
from harness.review.findings.error_rates import compute_error_rates, flag_errors
from harness.review.findings.findings import (
    AGREES_ABOVE,
    CHECKS_PASSED,
    MIN_INPUTS,
    Change,
    Combined,
    Disagreements,
    ErrorRate,
    Findings,
    MetricAgreement,
    OrderEffect,
    Preference,
    RankedPair,
    RankedStrategy,
    RaterSummary,
    RatingTime,
    ScaleScore,
    StrategyRanking,
)
from harness.review.findings.judge_comparison import BiasComparison, WhyUnknown
from harness.review.findings.judge_findings import JudgeFindings, JudgeWorth, compute_judge_findings
from harness.review.findings.metric_agreement import compute_agreement_of
from harness.review.findings.packet_findings import compute_findings
from harness.review.findings.preferences import average_wins, compute_preferences
from harness.review.findings.rater_agreement import Agreement, Kappa, Level
from harness.review.findings.scale_scores import average_answers

__all__ = [
    "AGREES_ABOVE",
    "CHECKS_PASSED",
    "MIN_INPUTS",
    "Agreement",
    "BiasComparison",
    "Change",
    "Combined",
    "Disagreements",
    "ErrorDetection",
    "ErrorRate",
    "Findings",
    "JudgeFindings",
    "JudgeWorth",
    "Kappa",
    "Level",
    "MetricAgreement",
    "OrderEffect",
    "Preference",
    "RankedPair",
    "RankedStrategy",
    "RaterSummary",
    "RatingTime",
    "ScaleScore",
    "ScoreCombiner",
    "StrategyRanking",
    "WhyUnknown",
    "average_answers",
    "average_wins",
    "compute_agreement_of",
    "compute_error_detection",
    "compute_error_rates",
    "compute_findings",
    "compute_judge_findings",
    "compute_preferences",
    "flag_errors",
    "has_automatic_scores",
]
