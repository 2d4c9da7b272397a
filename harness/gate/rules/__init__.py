"""The rules of a policy, each with its verdict: prerequisites, scores, measures and reviews."""

from harness.gate.rules.prerequisites import exceeds
from harness.gate.rules.rule_checks import check_rules
from harness.gate.rules.rule_slices import note_skipped_slices, slice_for_rules
from harness.gate.rules.score_rules import describe_rule

__all__ = ["check_rules", "describe_rule", "exceeds", "note_skipped_slices", "slice_for_rules"]
