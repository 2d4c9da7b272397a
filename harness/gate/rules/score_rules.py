"""Rules on scores: against a value, and against the baseline. Decisions are read from one-sided limits at the level of each rule.

The limits are those of the one model that is judged. Where the policy counts the spread of seeds, a rule must hold for the recipe as well:
then the limits are the wider ends of the model's and of the recipe's, which contain the spread of its seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.gate.gate_input import Array, GateInput
from harness.gate.verdict import JudgedRule, Reason, RuleVerdict
from harness.statistics import (
    ClaimCheck,
    OneSidedLimits,
    check_above,
    complete_examples,
    difference_claim_limits,
    observed_scores,
    orient,
    score_claim_limits,
)
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
        tier=rule.tier,
        relative=rule.relative is not None,
    )


def check_score(case: GateInput, judged: JudgedRule, positions: Sequence[int] | None = None) -> RuleVerdict:
    """The verdict of a rule on a score.

    Args:
        positions: the test examples that it is about; None for all.
    """
    metric = case.metrics[judged.score]
    if judged.compares:
        return _check_against_baseline(case, judged, metric, positions)
    return _check_against_value(case, judged, metric, positions)


def _check_against_value(case: GateInput, judged: JudgedRule, metric: Metric, positions: Sequence[int] | None) -> RuleVerdict:
    """Whether the candidate's score is shown to be above the floor, or below the ceiling."""
    if case.counts_seeds and metric.level != "example":
        return RuleVerdict(judged, "INCONCLUSIVE", Reason("seed_spread_unknown"), unit=metric.unit)
    if case.counts_seeds and len(case.recipe.done) < 2:
        return RuleVerdict(judged, "INCONCLUSIVE", Reason("one_seed"), unit=metric.unit)
    groups = _select_groups(case, positions)
    limits = score_claim_limits(_select(case.candidate.stack(metric), positions), metric=metric, groups=groups, alpha=case.level)
    if case.counts_seeds:
        recipe = _select(case.recipe.stack(metric), positions)
        limits = _widen(limits, score_claim_limits(recipe, metric=metric, groups=groups, alpha=case.level, over_seeds=True))
    return check_value(judged, limits, metric.unit)


def check_value(judged: JudgedRule, limits: OneSidedLimits, unit: str) -> RuleVerdict:
    """Whether a value with limits is shown to be above a floor, or below a ceiling."""
    assert judged.threshold is not None  # floors and ceilings have a value
    is_floor = judged.kind == "floor"
    check = check_above(orient(limits, higher_is_better=is_floor), judged.threshold if is_floor else -judged.threshold)
    return decide_on_limits(judged, check, limits, unit)


def _check_against_baseline(case: GateInput, judged: JudgedRule, metric: Metric, positions: Sequence[int] | None) -> RuleVerdict:
    """Whether the candidate's difference to the baseline is shown to be on the right side of its threshold."""
    if case.pair is None:
        return RuleVerdict(judged, "INCONCLUSIVE", Reason("no_baseline"))
    if case.counts_seeds and len(case.recipe.done) < 2:
        return RuleVerdict(judged, "INCONCLUSIVE", Reason("one_seed"))
    higher_is_better, threshold = metric.direction != "lower", judged.threshold or 0.0
    candidate, baseline = (_select(stack, positions) for stack in case.pair.stacks(metric))
    limits = _difference(case, judged, metric, baseline, candidate, positions)
    if case.counts_seeds:
        recipe, beside = (_select(stack, positions) for stack in case.pair.stacks(metric, case.recipe))
        limits = _widen(limits, _difference(case, judged, metric, beside, recipe, positions, over_seeds=True))
    better = orient(limits, higher_is_better=higher_is_better)
    if judged.kind == "better":
        check = check_above(better, threshold)
    elif judged.relative:
        check = check_above(better, 0.0, equal=threshold * _mean_score(baseline, metric))
    else:
        check = check_above(better, -threshold, equal=0.0)
    return replace(decide_on_limits(judged, check, limits, metric.unit), lower_is_better=not higher_is_better)


def _difference(
    case: GateInput,
    judged: JudgedRule,
    metric: Metric,
    baseline: Array,
    candidate: Array,
    positions: Sequence[int] | None,
    *,
    over_seeds: bool = False,
) -> OneSidedLimits:
    """The limits of candidate − baseline; for a relative rule of candidate − factor · baseline, with the factor that the rule allows: 0.9
    for "not worse by more than 10%", or 1.1 where lower is better.
    """
    share = (judged.threshold or 0.0) if judged.relative else 0.0
    return difference_claim_limits(
        baseline,
        candidate,
        metric=metric,
        groups=_select_groups(case, positions),
        alpha=case.level,
        over_seeds=(False, over_seeds),  # the baseline is one model, whatever its recipe
        factor=1 + share if metric.direction == "lower" else 1 - share,
    )


def _mean_score(stack: Array, metric: Metric) -> float:
    """The score on the examples that have it, averaged over seeds; 0 without any."""
    complete = complete_examples(stack, [None] * len(stack)).stack
    return float(np.mean(observed_scores(metric, complete))) if len(complete) else 0.0


def _widen(limits: OneSidedLimits, others: OneSidedLimits) -> OneSidedLimits:
    """The estimate with the wider limits of the two: what lies beyond them is shown of both."""
    if limits.low is None or limits.high is None:
        return limits
    if others.low is None or others.high is None:
        return others
    return replace(
        limits,
        low=min(limits.low, others.low),
        high=max(limits.high, others.high),
        spread=others.spread,
        method=f"{limits.method}; over seeds: {others.method}",
        reliable=limits.reliable and others.reliable,
        reason=limits.reason or others.reason,
    )


def decide_on_limits(judged: JudgedRule, check: ClaimCheck, limits: OneSidedLimits, unit: str) -> RuleVerdict:
    """The verdict that a claim on limits gives."""
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
        examples_needed=check.sample_size.examples if check.sample_size else None,
        assumed=check.sample_size.assumption if check.sample_size else "",
        method=limits.method,
    )


def _select(stack: Array, positions: Sequence[int] | None) -> Array:
    return stack if positions is None else stack[list(positions)]


def _select_groups(case: GateInput, positions: Sequence[int] | None) -> tuple[str | None, ...]:
    return case.groups if positions is None else tuple(case.groups[i] for i in positions)
