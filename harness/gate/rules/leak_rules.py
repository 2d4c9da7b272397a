"""Rules on the leak test. It is about the recipe of the candidate: its models are trained with planted secrets, and deleted."""

from __future__ import annotations

from harness.gate.gate_input import GateInput
from harness.gate.rules.score_rules import check_value, describe_rule
from harness.gate.verdict import Reason, RuleVerdict
from harness.results import EXPOSURE, LEAK_METRICS
from harness.types import Rule


def check_leak(case: GateInput, rule: Rule) -> RuleVerdict:
    """The verdict of a ceiling on what the recipe of the candidate remembers. Without a leak test it fails.

    An exposure that may be higher than it could be measured is not shown to be low.
    """
    judged, metric, test = describe_rule(rule), LEAK_METRICS[rule.score], case.leak_test
    if test is None:
        return RuleVerdict(judged, "FAIL", Reason("leak_test_missing", texts={"strategies": (case.candidate.strategy,)}), unit=metric.unit)
    verdict = check_value(judged, test.claim_limits(metric, case.level), metric.unit)
    if verdict.outcome == "PASS" and metric is EXPOSURE and test.is_at_least():
        return RuleVerdict(judged, "INCONCLUSIVE", Reason("exposure_censored"), measured=verdict.measured, unit=metric.unit, n=verdict.n)
    return verdict
