"""The rule on complaints of users: confirmed ones are answered again, and counted. They are a fixed list, so nothing is estimated."""

from __future__ import annotations

from harness.gate.gate_input import GateInput
from harness.gate.verdict import JudgedRule, Reason, ReasonCode, RuleVerdict
from harness.statistics import Outcome


def check_complaints(case: GateInput) -> RuleVerdict:
    """Whether at most as many complaints are still wrong as the policy allows. What a person must look at may be wrong."""
    limit = case.policy.complaints
    assert limit is not None  # where there is no rule, it is not checked
    ids = {outcome: [each.case.id for each in case.complaints if each.outcome == outcome] for outcome in ("broken", "unclear", "fixed")}
    broken, unclear = len(ids["broken"]), len(ids["unclear"])
    outcome: Outcome = "PASS"
    code: ReasonCode = "complaints_fixed" if case.complaints else "no_complaints"
    if broken > limit.at_most_broken:
        outcome, code = "FAIL", "complaints_broken"
    elif broken + unclear > limit.at_most_broken:
        outcome, code = "INCONCLUSIVE", "complaints_unclear"
    unanswered = sum(each.output is None for each in case.complaints)
    counts = {"cases": len(case.complaints), **{name: len(own) for name, own in ids.items()}, "unanswered": unanswered}
    rule = JudgedRule("complaints", threshold=limit.at_most_broken)
    return RuleVerdict(rule, outcome, Reason(code, counts), n=len(case.complaints), example_ids=(*ids["broken"], *ids["unclear"]))
