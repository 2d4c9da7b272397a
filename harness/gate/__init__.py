"""May this model replace the one in service? Policies, verdicts, and the registry of what was promoted."""

from harness.gate.judge import judge
from harness.gate.policy import Policy, Rule, default_policy, read_policy
from harness.gate.policy_draft import draft
from harness.gate.registry.journal import Event
from harness.gate.registry.registry import Registry
from harness.gate.verdict import EXIT_CODES, Outcome, Ruling, Side, Verdict, Worse, verdict_of

__all__ = [
    "EXIT_CODES",
    "Event",
    "Outcome",
    "Policy",
    "Registry",
    "Rule",
    "Ruling",
    "Side",
    "Verdict",
    "Worse",
    "default_policy",
    "draft",
    "judge",
    "read_policy",
    "verdict_of",
]
