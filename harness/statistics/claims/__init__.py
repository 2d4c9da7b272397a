"""What may be claimed? One-sided limits, and the decisions that are read from them."""

from harness.statistics.claims.best_of_several import compare_best
from harness.statistics.claims.holm import holm_adjust, holm_rejections
from harness.statistics.claims.joint_levels import levels_against_each
from harness.statistics.claims.limits import difference_claim_limits, score_claim_limits
from harness.statistics.claims.noninferiority import NotWorse, not_worse
from harness.statistics.claims.recommendation import Candidate, Lead, Recommendation, Standing, recommend
from harness.statistics.claims.thresholds import ClaimCheck, ClaimStatus, Outcome, check_above, orient
from harness.statistics.claims.totals import TotalsPair, TotalsStanding, compare_totals

__all__ = [
    "Candidate",
    "ClaimCheck",
    "ClaimStatus",
    "Lead",
    "NotWorse",
    "Outcome",
    "Recommendation",
    "Standing",
    "TotalsPair",
    "TotalsStanding",
    "check_above",
    "compare_best",
    "compare_totals",
    "difference_claim_limits",
    "holm_adjust",
    "holm_rejections",
    "levels_against_each",
    "not_worse",
    "orient",
    "recommend",
    "score_claim_limits",
]
