"""What to ship, and why: `decide` turns the evidence on a task into one `Decision`, which every form of the report shows."""

from harness.decision.check_results import CRITICAL_SCORES, SanityCode, SanityFinding, Severity
from harness.decision.collect import collect_evidence, decide_task, load_findings, load_standing_verdicts
from harness.decision.decide import decide
from harness.decision.decision import (
    CANDIDATE_STATUSES,
    STATES,
    CandidateStanding,
    CandidateStatus,
    Decision,
    DecisionReason,
    DecisionState,
    HeadlineCode,
    NextStep,
    NextStepCode,
    ReasonOfDecision,
    SeedRisk,
)
from harness.decision.evidence import Evidence, GateEvidence, StrategyEvidence
from harness.decision.sanity import check_sanity

__all__ = [
    "CANDIDATE_STATUSES",
    "CRITICAL_SCORES",
    "STATES",
    "CandidateStanding",
    "CandidateStatus",
    "Decision",
    "DecisionReason",
    "DecisionState",
    "Evidence",
    "GateEvidence",
    "HeadlineCode",
    "NextStep",
    "NextStepCode",
    "ReasonOfDecision",
    "SanityCode",
    "SanityFinding",
    "SeedRisk",
    "Severity",
    "StrategyEvidence",
    "check_sanity",
    "collect_evidence",
    "decide",
    "decide_task",
    "load_findings",
    "load_standing_verdicts",
]
