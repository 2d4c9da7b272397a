"""Release policies: what a model must show before it replaces the one in service."""

from harness.gate.policies.policy import (
    MEASURES,
    REVIEW_SCORES,
    Policy,
    default_policy,
    policy_to_plain,
    read_policy,
)
from harness.gate.policies.policy_draft import draft_policy
from harness.gate.policies.useless_rules import find_useless_rules

__all__ = [
    "MEASURES",
    "REVIEW_SCORES",
    "Policy",
    "default_policy",
    "draft_policy",
    "find_useless_rules",
    "policy_to_plain",
    "read_policy",
]
