"""The verdicts on all rules of a policy."""

from __future__ import annotations

from harness.gate.gate_input import GateInput
from harness.gate.policies import MEASURES, REVIEW_SCORES
from harness.gate.registry import Look
from harness.gate.rules.measure_rules import check_measure
from harness.gate.rules.prerequisites import check_prerequisites
from harness.gate.rules.review_rules import check_review
from harness.gate.rules.rule_slices import min_slice_examples
from harness.gate.rules.score_rules import check_score, describe_rule
from harness.gate.verdict import Reason, RuleVerdict
from harness.types import Rule

_MOST_VALUES = 12  # of a column that an error lists


def check_rules(case: GateInput, look: Look) -> list[RuleVerdict]:
    """The prerequisites, then every rule in the order of the policy. A rule on every slice gives one verdict per slice."""
    return [*check_prerequisites(case, look), *(verdict for rule in case.policy.rules for verdict in _check_rule(case, rule))]


def _check_rule(case: GateInput, rule: Rule) -> list[RuleVerdict]:
    if rule.score in REVIEW_SCORES:
        return [check_review(case, rule)]
    if rule.score in MEASURES:
        return [check_measure(case, rule)]
    if rule.slice is None:
        return [check_score(case, rule, describe_rule(rule))]
    return [_check_named_slice(case, rule, rule.slice)] if rule.slice_value is not None else _check_every_slice(case, rule, rule.slice)


def _check_named_slice(case: GateInput, rule: Rule, by: str) -> RuleVerdict:
    slices, judged = case.slices[by], describe_rule(rule)
    if judged.slice_value in slices:
        return check_score(case, rule, judged, slices[judged.slice_value])
    return RuleVerdict(judged, "FAIL", Reason("slice_missing", texts={"available": tuple(slices)[:_MOST_VALUES]}))


def _check_every_slice(case: GateInput, rule: Rule, by: str) -> list[RuleVerdict]:
    slices, minimum = case.slices[by], min_slice_examples(rule)
    verdicts = [
        check_score(case, rule, describe_rule(rule, slice_value=value), positions)
        for value, positions in slices.items()
        if len(positions) >= minimum
    ]
    if verdicts:
        return verdicts
    largest = max(len(positions) for positions in slices.values())
    return [RuleVerdict(describe_rule(rule), "INCONCLUSIVE", Reason("slices_too_small", {"minimum": minimum, "largest": largest}))]
