"""Rules on scores: against a value, and against the baseline. Decisions are read from one-sided limits at level α."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.gate.gate_input import Array, GateInput
from harness.gate.policy import Rule
from harness.gate.verdict import RuleVerdict
from harness.statistics import ClaimCheck, OneSidedLimits, check_above, difference_claim_limits, orient, score_claim_limits
from harness.types import Metric


def rule_on_score(case: GateInput, rule: Rule, metric: Metric, rows: Sequence[int] | None, title: str) -> RuleVerdict:
    groups = case.groups if rows is None else tuple(case.groups[i] for i in rows)
    cut: Callable[[Array], Array] = (lambda stack: stack) if rows is None else (lambda stack: stack[list(rows)])
    if rule.rule in ("floor", "ceiling"):
        return _against_value(case, rule, metric, cut(case.own(metric)), groups, title)
    return _against_baseline(case, rule, metric, cut, groups, title)


def _against_value(case: GateInput, rule: Rule, metric: Metric, stack: Array, groups: Sequence[str | None], title: str) -> RuleVerdict:
    """Whether the candidate's score is shown to be above the floor, or below the ceiling."""
    over_seeds = case.policy.seed_spread == "count" and case.candidate.varies_by_seed
    if over_seeds and metric.level != "example":
        why = f"the spread of seeds of {metric.name} alone is not known: it is a score of all rows at once"
        return RuleVerdict(title, "INCONCLUSIVE", why, rule.score, against=rule.value, unit=metric.unit)
    if over_seeds and stack.shape[1] < 2:
        why = "the policy counts the spread of training seeds, and there is one seed only"
        return RuleVerdict(title, "INCONCLUSIVE", why, rule.score, against=rule.value, unit=metric.unit)
    limits = score_claim_limits(stack, metric=metric, groups=groups, alpha=case.alpha, over_seeds=over_seeds)
    return against_value(rule, metric.unit, limits, title)


def _against_baseline(
    case: GateInput, rule: Rule, metric: Metric, cut: Callable[[Array], Array], groups: Sequence[str | None], title: str
) -> RuleVerdict:
    """Whether the difference to the baseline, turned so that more is better, is shown to be above the least that it may be."""
    if case.pair is None:
        nobody = "nothing is in service to compare with: name a --baseline RUN:STRATEGY, or promote a first model with --force"
        return RuleVerdict(title, "INCONCLUSIVE", nobody, rule.score, compares=True)
    baseline, candidate = (cut(stack) for stack in case.both(metric))
    counts = case.policy.seed_spread == "count"
    over_seeds = counts and case.pair.b.varies_by_seed, counts and case.pair.a.varies_by_seed
    if any(include and side.shape[1] < 2 for include, side in zip(over_seeds, (baseline, candidate), strict=True)):
        why = "the policy counts the spread of training seeds, and a side that is trained has one seed only"
        return RuleVerdict(title, "INCONCLUSIVE", why, rule.score, compares=True)
    limits = difference_claim_limits(baseline, candidate, metric=metric, groups=groups, alpha=case.alpha, over_seeds=over_seeds)
    limits = orient(limits, higher_is_better=metric.direction != "lower")
    least = -(rule.margin or 0.0) if rule.rule == "not_worse" else (rule.by or 0.0)
    # not worse: planned for two that are equally good; better: for the difference that was seen
    check = check_above(limits, least, gap=-least if rule.rule == "not_worse" else None)
    words = {
        "not_worse": {
            "shown": "shown not to be worse by more",
            "refuted": "shown to be worse by more",
            "undecided": "may be worse by more, or not",
        },
        "better": {
            "shown": "shown to be better by more",
            "refuted": "shown not to be better by more",
            "undecided": "may be better by more, or not",
        },
    }[rule.rule]
    if check.status == "no_limits":
        why = f"no limits: {limits.reason}"
        return RuleVerdict(title, "INCONCLUSIVE", why, rule.score, compares=True, unit=metric.unit, method=limits.method)
    reason = words.get(check.status) or _unreliable(limits)
    return _ruling_of_limits(title, check, reason, limits, rule, metric.unit, least, compares=True)


def against_value(rule: Rule, unit: str, limits: OneSidedLimits, title: str) -> RuleVerdict:
    """Whether a number with limits is shown to be above a floor, or below a ceiling."""
    is_floor = rule.rule == "floor"
    turned = orient(limits, higher_is_better=is_floor)
    check = check_above(turned, rule.bound if is_floor else -rule.bound)
    if check.status == "no_limits":
        why = f"too few rows: {limits.reason}"
        return RuleVerdict(title, "INCONCLUSIVE", why, rule.score, against=rule.bound, unit=unit, n=limits.n, method=limits.method)
    side = "above" if is_floor else "below"
    words = {"shown": f"shown to be {side} it", "refuted": f"shown not to be {side} it", "undecided": "these rows cannot tell"}
    reason = words.get(check.status) or _unreliable(limits)
    return _ruling_of_limits(title, check, reason, limits, rule, unit, rule.bound, compares=False)


def _unreliable(limits: OneSidedLimits) -> str:
    return f"too few rows, or too uneven, for its limits to be trusted: {limits.method} ({limits.reason})"


def _ruling_of_limits(
    title: str, check: ClaimCheck, reason: str, limits: OneSidedLimits, rule: Rule, unit: str, against: float, *, compares: bool
) -> RuleVerdict:
    return RuleVerdict(
        rule=title,
        outcome=check.outcome,
        reason=reason,
        score=rule.score,
        compares=compares,
        measured=limits.estimate,
        low=limits.low,
        high=limits.high,
        against=against,
        unit=unit,
        n=limits.n,
        examples_needed=check.examples_needed,
        method=limits.method,
    )
