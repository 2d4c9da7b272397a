"""The verdicts on all rules of a policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias, get_args

from harness.gate.gate_input import GateInput
from harness.gate.policies import MEASURES, REVIEW_SCORES
from harness.gate.registry import Look
from harness.gate.rules.complaint_rule import check_complaints
from harness.gate.rules.guardrail_rules import judge_guardrail
from harness.gate.rules.leak_rules import check_leak
from harness.gate.rules.measure_rules import check_measure
from harness.gate.rules.prerequisites import check_prerequisites
from harness.gate.rules.review_rules import check_review
from harness.gate.rules.rule_slices import min_slice_examples
from harness.gate.rules.score_rules import check_score, describe_rule
from harness.gate.rules.trivial_rule import check_trivial
from harness.gate.verdict import Reason, ReasonCode, RuleVerdict
from harness.results import LEAK_METRICS
from harness.statistics import holm_rejections
from harness.types import Rule, Tier

_Check: TypeAlias = Callable[[GateInput], RuleVerdict]

_MOST_VALUES = 12  # of a column that an error lists
_DECIDED_ON_LIMITS: tuple[ReasonCode, ...] = ("shown", "refuted", "beyond_limit", "undecided", "unreliable")


def check_rules(case: GateInput, look: Look) -> list[RuleVerdict]:
    """The prerequisites, then the rules of the policy, then the guardrails of the task."""
    return [*check_prerequisites(case, look), *check_policy(case)]


def check_policy(case: GateInput) -> list[RuleVerdict]:
    """Every rule in the order of the policy, then that on complaints, then the guardrails. A rule on every slice gives one verdict each.

    The comparison with the trivial baseline is listed only where it does not pass: it is required whatever the policy says.
    """
    checks: list[_Check] = [check_trivial] if case.gain is not None else []
    checks += [check for rule in case.policy.rules for check in _plan_checks(case, rule)]
    checks += [check_complaints] if case.policy.complaints is not None else []
    checks += [partial(judge_guardrail, limit=limit) for limit in case.guardrails]
    verdicts = _confirm_failures(case, checks, [check(case) for check in checks])
    return [verdict for verdict in verdicts if verdict.rule.kind != "beats_trivial" or verdict.outcome != "PASS"]


def _plan_checks(case: GateInput, rule: Rule) -> list[_Check]:
    """What has to be checked for a rule: one check, or one for each slice."""
    for scores, check in ((REVIEW_SCORES, check_review), (LEAK_METRICS, check_leak), (MEASURES, check_measure)):
        if rule.score in scores:
            return [partial(check, rule=rule)]
    if rule.slice is None:
        return [partial(check_score, judged=describe_rule(rule))]
    slices = case.slices[rule.slice]
    if rule.slice_value is not None:
        return [_check_named_slice(rule, slices)]
    minimum = min_slice_examples(rule)
    large = {value: positions for value, positions in slices.items() if len(positions) >= minimum}
    if not large:
        largest = max(len(positions) for positions in slices.values())
        reason = Reason("slices_too_small", {"minimum": minimum, "largest": largest})
        return [_fixed(RuleVerdict(describe_rule(rule), "INCONCLUSIVE", reason))]
    return [partial(check_score, judged=describe_rule(rule, slice_value=value), positions=positions) for value, positions in large.items()]


def _check_named_slice(rule: Rule, slices: Mapping[str, Sequence[int]]) -> _Check:
    judged = describe_rule(rule)
    if judged.slice_value in slices:
        return partial(check_score, judged=judged, positions=slices[judged.slice_value])
    return _fixed(RuleVerdict(judged, "FAIL", Reason("slice_missing", texts={"available": tuple(slices)[:_MOST_VALUES]})))


def _fixed(verdict: RuleVerdict) -> _Check:
    return lambda case: verdict


def _confirm_failures(case: GateInput, checks: Sequence[_Check], verdicts: Sequence[RuleVerdict]) -> list[RuleVerdict]:
    """The verdicts, with the failures that hold together: each of several rules may be refuted by chance.

    Among the rules that are decided on limits, those that fail are chosen by Holm's procedure, so that some rule that holds fails with
    probability alpha at most. The others are INCONCLUSIVE. The two tiers are apart: advisory rules never change the outcome.
    """
    confirmed = list(verdicts)
    for tier in get_args(Tier):
        family = [i for i, verdict in enumerate(verdicts) if verdict.rule.tier == tier and verdict.reason.code in _DECIDED_ON_LIMITS]
        rejected = holm_rejections([partial(_is_refuted, case, checks[i], verdicts[i]) for i in family], case.alpha)
        for i, fails in zip(family, rejected, strict=True):
            if verdicts[i].outcome == "FAIL" and not fails:
                reason = Reason("refuted_alone", {"rules": len(family)})
                confirmed[i] = replace(verdicts[i], outcome="INCONCLUSIVE", reason=reason)
    return confirmed


def _is_refuted(case: GateInput, check: _Check, verdict: RuleVerdict, level: float) -> bool:
    """Whether the rule fails at this level, which is at most that of the verdict."""
    return verdict.outcome == "FAIL" and (level >= case.alpha or check(replace(case, alpha=level)).outcome == "FAIL")
