"""May this model replace the one in service? Policies, verdicts, and the registry of what was promoted."""

from harness.gate.judge import judge
from harness.gate.policy import Policy, Rule, default_policy, read_policy
from harness.gate.policy_draft import draft
from harness.gate.registry import Event, Registry
from harness.gate.verdict import EXIT_CODES, JudgedModel, RuleVerdict, Verdict, Worse, verdict_of
from harness.statistics import Outcome

__all__ = [
    "EXIT_CODES",
    "Event",
    "JudgedModel",
    "Outcome",
    "Policy",
    "Registry",
    "Rule",
    "RuleVerdict",
    "Verdict",
    "Worse",
    "default_policy",
    "draft",
    "judge",
    "read_policy",
    "verdict_of",
]
