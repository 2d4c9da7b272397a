"""What every policy requires, whether it says so or not: the candidate beats the trivial baseline of its task, which uses no model."""

from __future__ import annotations

from dataclasses import replace

from harness.gate.gate_input import GateInput
from harness.gate.rules.score_rules import decide_on_limits
from harness.gate.verdict import JudgedRule, RuleVerdict


def check_trivial(case: GateInput) -> RuleVerdict:
    """Whether the model is shown to beat the trivial baseline on the primary score."""
    gain = case.gain
    assert gain is not None  # the trivial baseline has the score
    limits = gain.limits(case.level)
    verdict = decide_on_limits(JudgedRule("beats_trivial", gain.metric.name), gain.check(limits), limits, gain.metric.unit)
    return replace(verdict, lower_is_better=gain.lower_is_better)
