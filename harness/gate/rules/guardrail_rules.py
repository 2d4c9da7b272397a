"""The guardrails of a task, as blocking rules: a policy that leaves them out does not set them aside.

Whether one is kept is judged as in the decision of the report and at the same level, for the one model that the gate judges. An estimate on
the wrong side, which is enough to rule out a strategy there, is INCONCLUSIVE here: for FAIL, as with every rule, the limits must show it.

A rule of the policy on the same score does not replace a guardrail: it is judged at another level, and may rest on a score that raters have
not confirmed.
"""

from __future__ import annotations

from dataclasses import replace

from harness.gate.gate_input import GateInput
from harness.gate.guardrails import GuardrailResult
from harness.gate.rules.score_rules import describe_rule
from harness.gate.verdict import JudgedRule, Reason, RuleVerdict
from harness.statistics import Outcome
from harness.types import Rule


def judge_guardrail(case: GateInput, limit: Rule) -> RuleVerdict:
    """The verdict on a guardrail. Where the spread of seeds counts, it must hold for the recipe as well."""
    assert case.checker is not None  # there are guardrails
    checker = replace(case.checker, together=case.alpha)
    judged = replace(describe_rule(limit), source="guardrail", against=limit.against or "")
    result = checker.check(limit, case.candidate)
    verdict = _to_verdict(judged, result, case)
    if verdict.outcome != "PASS" or not case.counts_seeds or result.measured_by != "score":
        return verdict
    metric = case.metrics[limit.score]
    if metric.level != "example" and not limit.compares:
        return RuleVerdict(judged, "INCONCLUSIVE", Reason("seed_spread_unknown"), unit=metric.unit)
    if len(case.recipe.done) < 2:
        return RuleVerdict(judged, "INCONCLUSIVE", Reason("one_seed"), unit=metric.unit)
    of_recipe = _to_verdict(judged, replace(checker, over_seeds=True).check(limit, case.recipe), case)
    return verdict if of_recipe.outcome == "PASS" else of_recipe


def _to_verdict(judged: JudgedRule, result: GuardrailResult, case: GateInput) -> RuleVerdict:
    outcome, reason = _decide(result)
    metric = case.metrics.get(judged.score)
    return RuleVerdict(
        judged,
        outcome,
        reason,
        measured=result.estimate,
        low=result.low,
        high=result.high,
        unit=result.unit,
        n=result.n,
        examples_needed=result.examples_needed,
        assumed=result.assumed,
        lower_is_better=judged.compares and metric is not None and metric.direction == "lower",
        method=result.method,
        alpha=result.alpha,
    )


def _decide(result: GuardrailResult) -> tuple[Outcome, Reason]:
    why = {"why": (result.why,)}
    if result.status == "kept":
        return "PASS", Reason("shown")
    if result.claim == "refuted":
        return "FAIL", Reason("refuted")
    if result.status == "broken":
        return "INCONCLUSIVE", Reason("beyond_limit")
    if result.status in ("untrusted", "no_evidence"):
        return "INCONCLUSIVE", Reason(result.status, texts=why if result.status == "no_evidence" else {})
    if result.claim in ("unreliable", "no_limits"):
        return "INCONCLUSIVE", Reason(result.claim, texts=why)
    return "INCONCLUSIVE", Reason("undecided")
