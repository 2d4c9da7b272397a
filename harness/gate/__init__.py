"""Can this model replace the one in service? Release policies, verdicts, and the registry of promoted models.

`judge` applies a policy to a candidate and a baseline. Inference is in `harness.statistics`; sentences are in `harness.reporting`.
"""

from harness.gate.approval import Approval, plain_fingerprint
from harness.gate.approval_store import add_approval, attach_approvals, digest_verdict, load_approvals
from harness.gate.baseline import check_comparable
from harness.gate.complaint_suite import CaseOutcome, CaseResult, ComplaintCase, digest_output, judge_case, run_complaints
from harness.gate.contender import Contender, find_contender
from harness.gate.guardrails import LEVEL, GuardrailResult, GuardrailStatus, check_guardrails, find_compared_strategy, is_trusted
from harness.gate.judge import judge
from harness.gate.origin_check import check_origin, is_foreign
from harness.gate.policies import MEASURES, Policy, default_policy, draft_policy, find_useless_rules, policy_to_plain, read_policy
from harness.gate.registry import STAGES, Event, Registry, Stage, StagedModel, assign_stages, check_stage, refuse_cascade, stack_service
from harness.gate.rules import slice_for_rules
from harness.gate.standing_verdicts import StandingVerdicts, select_standing
from harness.gate.test_set import digest_test_set, find_leaked_examples
from harness.gate.verdict import (
    EXIT_CODES,
    JudgedModel,
    JudgedRule,
    Reason,
    ReasonCode,
    Regression,
    RuleVerdict,
    Verdict,
    VerdictNote,
    VerdictNoteCode,
)
from harness.gate.verdict_store import load_verdicts, save_verdict
from harness.statistics import Outcome

__all__ = [
    "EXIT_CODES",
    "LEVEL",
    "MEASURES",
    "STAGES",
    "Approval",
    "CaseOutcome",
    "CaseResult",
    "ComplaintCase",
    "Contender",
    "Event",
    "GuardrailResult",
    "GuardrailStatus",
    "JudgedModel",
    "JudgedRule",
    "Outcome",
    "Policy",
    "Reason",
    "ReasonCode",
    "Registry",
    "Regression",
    "RuleVerdict",
    "Stage",
    "StagedModel",
    "StandingVerdicts",
    "Verdict",
    "VerdictNote",
    "VerdictNoteCode",
    "add_approval",
    "assign_stages",
    "attach_approvals",
    "check_comparable",
    "check_guardrails",
    "check_origin",
    "check_stage",
    "default_policy",
    "digest_output",
    "digest_test_set",
    "digest_verdict",
    "draft_policy",
    "find_compared_strategy",
    "find_contender",
    "find_leaked_examples",
    "find_useless_rules",
    "is_foreign",
    "is_trusted",
    "judge",
    "judge_case",
    "load_approvals",
    "load_verdicts",
    "plain_fingerprint",
    "policy_to_plain",
    "read_policy",
    "refuse_cascade",
    "run_complaints",
    "save_verdict",
    "select_standing",
    "slice_for_rules",
    "stack_service",
]
