"""Rules on scores: against a value, and against the baseline. Decisions are read from one-sided limits at the level of each rule."""

from __future__ import annotations

from collections.abc import Sequence

from harness.gate.gate_input import Array, GateInput
from harness.gate.verdict import JudgedRule, Reason, RuleVerdict
from harness.statistics import ClaimCheck, OneSidedLimits, check_above, difference_claim_limits, orient, score_claim_limits
from harness.types import Metric, Rule


def describe_rule(rule: Rule, *, slice_value: str = "") -> JudgedRule:
    """What a verdict on this rule is about.

    Args:
        slice_value: the slice, for a rule on every slice.
    """
    return JudgedRule(
        kind=rule.rule,
        score=rule.score,
        threshold=rule.threshold,
        slice_column=rule.slice_column,
        slice_value=rule.slice_value if rule.slice_value is not None else slice_value,
        against=(rule.against or "base") if rule.score == "review.win_rate" else "",
    )


def check_score(case: GateInput, rule: Rule, judged: JudgedRule, positions: Sequence[int] | None = None) -> RuleVerdict:
    """The verdict of a rule on a score.

    Args:
        positions: the test examples that it is about; None for all.
    """
    metric = case.metrics[rule.score]
    if judged.compares:
        return _check_against_baseline(case, judged, metric, positions)
    return _check_against_value(case, judged, metric, positions)


def _check_against_value(case: GateInput, judged: JudgedRule, metric: Metric, positions: Sequence[int] | None) -> RuleVerdict:
    """Whether the candidate's score is shown to be above the floor, or below the ceiling."""
    stack, groups = _select(case.candidate.stack(metric), positions), _select_groups(case, positions)
    over_seeds = case.policy.seed_spread == "count" and case.candidate.varies_by_seed
    if over_seeds and metric.level != "example":
        return RuleVerdict(judged, "INCONCLUSIVE", Reason("seed_spread_unknown"), unit=metric.unit)
    if over_seeds and stack.shape[1] < 2:
        return RuleVerdict(judged, "INCONCLUSIVE", Reason("one_seed", texts={"sides": ("candidate",)}), unit=metric.unit)
    limits = score_claim_limits(stack, metric=metric, groups=groups, alpha=case.alpha, over_seeds=over_seeds)
    return check_value(judged, limits, metric.unit)


def check_value(judged: JudgedRule, limits: OneSidedLimits, unit: str) -> RuleVerdict:
    """Whether a value with limits is shown to be above a floor, or below a ceiling."""
    assert judged.threshold is not None  # floors and ceilings have a value
    is_floor = judged.kind == "floor"
    check = check_above(orient(limits, higher_is_better=is_floor), judged.threshold if is_floor else -judged.threshold)
    return _verdict(judged, check, limits, unit)


def _check_against_baseline(case: GateInput, judged: JudgedRule, metric: Metric, positions: Sequence[int] | None) -> RuleVerdict:
    """Whether the difference to the baseline, signed so that positive is better, is shown to be above its threshold."""
    if case.pair is None:
        return RuleVerdict(judged, "INCONCLUSIVE", Reason("no_baseline"))
    candidate, baseline = (_select(stack, positions) for stack in case.pair.stacks(metric))
    counts = case.policy.seed_spread == "count"
    over_seeds = counts and case.pair.baseline.varies_by_seed, counts and case.pair.candidate.varies_by_seed
    sides = zip(("baseline", "candidate"), over_seeds, (baseline, candidate), strict=True)
    alone = tuple(side for side, include, stack in sides if include and stack.shape[1] < 2)
    if alone:
        return RuleVerdict(judged, "INCONCLUSIVE", Reason("one_seed", texts={"sides": alone}))
    groups = _select_groups(case, positions)
    limits = difference_claim_limits(baseline, candidate, metric=metric, groups=groups, alpha=case.alpha, over_seeds=over_seeds)
    limits = orient(limits, higher_is_better=metric.direction != "lower")
    # The examples needed: for "not worse" if the two are equally good, for "better" if the true difference is the observed one.
    if judged.kind == "not_worse":
        margin = judged.threshold or 0.0
        return _verdict(judged, check_above(limits, -margin, gap=margin), limits, metric.unit)
    return _verdict(judged, check_above(limits, judged.threshold or 0.0), limits, metric.unit)


def _verdict(judged: JudgedRule, check: ClaimCheck, limits: OneSidedLimits, unit: str) -> RuleVerdict:
    why = {"why": (limits.reason,)} if check.status in ("unreliable", "no_limits") else {}
    has_limits = check.status != "no_limits"
    return RuleVerdict(
        rule=judged,
        outcome=check.outcome,
        reason=Reason(check.status, texts=why),
        measured=limits.estimate if has_limits else None,
        low=limits.low if has_limits else None,
        high=limits.high if has_limits else None,
        unit=unit,
        n=limits.n,
        examples_needed=check.examples_needed,
        method=limits.method,
    )


def _select(stack: Array, positions: Sequence[int] | None) -> Array:
    return stack if positions is None else stack[list(positions)]


def _select_groups(case: GateInput, positions: Sequence[int] | None) -> tuple[str | None, ...]:
    return case.groups if positions is None else tuple(case.groups[i] for i in positions)
