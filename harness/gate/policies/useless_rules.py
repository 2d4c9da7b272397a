"""Policies that every model would pass: none of their rules can show that a model is good enough."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from harness.gate.policies.policy import MEASURES, REVIEW_SCORES, Policy
from harness.results import LEAK_METRICS
from harness.types import Metric, Rule


def find_useless_rules(policy: Policy, metrics: Collection[Metric], *, has_baseline: bool, trivial: Mapping[str, float]) -> list[str]:
    """Why no rule of the policy can show that a model is good enough, one text for each rule; empty if one can.

    Such a rule blocks, is about the quality of outputs, and compares with a baseline that there is, or with a value that the trivial
    baseline of the task does not reach.

    Args:
        trivial: the scores of the trivial baseline, by name; those that it has.
    """
    by_name = {metric.name: metric for metric in metrics}
    problems = []
    for number, rule in enumerate(policy.rules):
        problem = _find_problem(rule, by_name.get(rule.score), has_baseline, trivial.get(rule.score))
        if not problem:
            return []
        value = "" if rule.value is None else f" {rule.value:g}"
        problems.append(f"rules[{number}] ({rule.rule} {rule.score}{value}) {problem}")
    return problems


def _find_problem(rule: Rule, metric: Metric | None, has_baseline: bool, trivial: float | None) -> str:
    """Why this rule does not show that a model is good enough; empty if it does."""
    if rule.tier == "advisory":
        return "is advisory"
    if rule.score in MEASURES or rule.score in LEAK_METRICS or (metric is not None and metric.direction == "none"):
        return "is not about the quality of outputs"
    if rule.compares:
        return "" if has_baseline else "has no baseline to compare with"
    if rule.score in REVIEW_SCORES or rule.slice is not None or trivial is None or rule.value is None:
        return ""
    passes = trivial >= rule.value if rule.rule == "floor" else trivial <= rule.value
    return f"is met by the trivial baseline, which uses no model and scores {trivial:.3g}" if passes else ""
