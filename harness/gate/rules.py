"""The verdict on each rule. Decisions are read from one-sided limits at level α, never from the number that happens to be measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from harness.errors import BenchError
from harness.gate.gate_input import Array, GateInput, against_value, cautious, decided, rows_needed
from harness.gate.measures import ruling_of_measure
from harness.gate.people import ruling_of_people
from harness.gate.policy import MEASURES, REVIEWS, Policy, Rule
from harness.gate.verdict import Outcome, RuleVerdict
from harness.results import MOST_VALUES, slice_examples
from harness.statistics import (
    Basis,
    OneSidedLimits,
    SeedSpread,
    cluster_index,
    one_sided_limits,
    score_limits,
    seed_spread,
    units,
    whole_rows,
)
from harness.text import plural
from harness.types import Example, Metric

_SLICE = 30  # rows that a slice has at least, where the rule says nothing


def rulings_of(case: GateInput) -> list[RuleVerdict]:
    """The least that must be there, then every rule in the order of the policy; a rule on slices is one ruling a slice."""
    return [*_least(case), *(ruling for rule in case.policy.rules for ruling in _ruling(case, rule))]


def slices_asked_for(policy: Policy, examples: Sequence[Example]) -> dict[str, dict[str, list[int]]]:
    """The positions of the rows by value, of each column that a rule cuts them by.

    Raises:
        BenchError: no such column, or one with too many values; every rule with its problem.
    """
    found: dict[str, dict[str, list[int]]] = {}
    problems: list[str] = []
    for number, rule in enumerate(policy.rules):
        if rule.slice is not None:
            column, named, value = rule.slice.partition("=")
            where = f"the policy's rules[{number}] ({rule.title}): slice"
            try:
                slices = slice_examples(examples, column, most=None if named else MOST_VALUES, where=where)
                if named and value not in slices:  # numbers are cut into thirds; one of them may be meant all the same
                    slices = slice_examples(examples, column, most=None, where=where, thirds=False)
                found[rule.slice] = slices
            except BenchError as error:
                problems += error.problems
    if problems:
        raise BenchError(problems)
    return found


def unjudged(policy: Policy, slices: Mapping[str, Mapping[str, Sequence[int]]]) -> list[str]:
    """Which parts of the rows are too small for a rule on all parts, in sentences."""
    found = []
    for rule in policy.rules:
        if rule.slice is not None and "=" not in rule.slice:
            least = rule.rows or _SLICE
            small = [f"{name} ({len(rows)})" for name, rows in slices[rule.slice].items() if len(rows) < least]
            more = f" and {len(small) - 6} others" if len(small) > 6 else ""
            if small:
                found.append(f"{rule.title}: not judged, for they have fewer than {least} rows: {', '.join(small[:6])}{more}.")
    return list(dict.fromkeys(found))


def _least(case: GateInput) -> list[RuleVerdict]:
    found, rows, seeds = [], len(case.candidate.examples), len(case.candidate.done)
    wanted = case.policy.rows
    if rows < wanted:
        reason = f"{plural(rows, 'test row')}; the policy asks for {wanted:,}"
        found.append(RuleVerdict(f"{wanted:,} test rows", "INCONCLUSIVE", reason, n=rows, rows_needed=wanted))
    elif wanted > _SLICE:
        found.append(RuleVerdict(f"{wanted:,} test rows", "PASS", f"{rows:,} test rows", n=rows))
    if case.policy.seeds > 1:
        enough = seeds >= case.policy.seeds or not case.candidate.trained
        reason = plural(seeds, "training seed") + ("" if enough else f"; the policy asks for {case.policy.seeds}")
        found.append(RuleVerdict(f"{case.policy.seeds} training seeds", "PASS" if enough else "INCONCLUSIVE", reason))
    return found


def _ruling(case: GateInput, rule: Rule) -> list[RuleVerdict]:
    if rule.score in REVIEWS:
        return [ruling_of_people(case, rule)]
    if rule.score in MEASURES:
        return [ruling_of_measure(case, rule)]
    metric = case.metrics[rule.score]
    if rule.slice is None:
        return [_of_score(case, rule, metric, None, rule.title)]
    return _of_slices(case, rule, metric, rule.slice)


def _of_slices(case: GateInput, rule: Rule, metric: Metric, cut: str) -> list[RuleVerdict]:
    """One ruling a slice that is large enough, or that of the one that is named."""
    column, _, wanted = cut.partition("=")
    slices = case.slices[cut]
    if wanted:
        if wanted in slices:
            return [_of_score(case, rule, metric, slices[wanted], rule.title)]
        return [
            RuleVerdict(rule.title, "FAIL", f"no test row has {column} = {wanted}; there are {', '.join(list(slices)[:12])}", rule.score)
        ]
    large = {name: rows for name, rows in slices.items() if len(rows) >= (rule.rows or _SLICE)}
    if not large:
        most = max(len(rows) for rows in slices.values())
        few = f"no slice by {column} has {rule.rows or _SLICE} rows; the largest has {most}"
        return [RuleVerdict(rule.title, "INCONCLUSIVE", few, rule.score)]
    return [_of_score(case, rule, metric, rows, f"{rule.title} = {name}") for name, rows in large.items()]


def _of_score(case: GateInput, rule: Rule, metric: Metric, rows: Sequence[int] | None, title: str) -> RuleVerdict:
    groups = case.groups if rows is None else tuple(case.groups[i] for i in rows)
    cut: Callable[[Array], Array] = (lambda stack: stack) if rows is None else (lambda stack: stack[list(rows)])
    if rule.rule in ("floor", "ceiling"):
        stack = cut(case.own(metric))
        own = _own_limits(case, stack, metric, groups)
        if isinstance(own, str):
            return RuleVerdict(title, "INCONCLUSIVE", own, rule.score, against=rule.value, unit=metric.unit)
        found = own if _exact(stack, metric) else cautious(own, metric, _independent(stack, groups), case.alpha, difference=False)
        return against_value(rule, metric.unit, found, title, case.alpha)
    if case.pair is None:
        nobody = "nothing is in service to compare with: name a --baseline RUN:STRATEGY, or promote a first model with --force"
        return RuleVerdict(title, "INCONCLUSIVE", nobody, rule.score, compares=True)
    a, b = (cut(stack) for stack in case.both(metric))
    limits = _limits(case, a, b, metric, groups)
    if isinstance(limits, str):
        return RuleVerdict(title, "INCONCLUSIVE", limits, rule.score, compares=True)
    if not (_exact(a, metric) and _exact(b, metric)):
        both = _independent(np.concatenate([a, b], axis=1), groups)
        limits = cautious(limits, metric, both, case.alpha, difference=True)
    sign = -1.0 if metric.direction == "lower" else 1.0
    least = -(rule.margin or 0.0) if rule.rule == "not_worse" else (rule.by or 0.0)
    return _shown(rule, metric, limits, (sign, least), title, case.alpha)


def _independent(stack: Array, groups: Sequence[str | None]) -> int:
    """How many rows, or groups of rows, have a score for every seed."""
    seen = whole_rows(stack, groups).groups
    return units(len(seen), cluster_index(seen, len(seen)))


def _exact(stack: Array, metric: Metric) -> bool:
    """Whether the score is right or wrong, row by row: its limits are exact already."""
    return metric.unit == "fraction" and stack.shape[1] == 1 and bool(np.isin(stack[~np.isnan(stack)], (0.0, 1.0)).all())


def _own_limits(case: GateInput, stack: Array, metric: Metric, groups: Sequence[str | None]) -> OneSidedLimits | str:
    """The limits of the candidate's score; where the policy counts the spread of seeds, with it, or why that cannot be."""
    if case.policy.seed_spread == "ignore" or not case.candidate.trained:
        return score_limits(stack, metric=metric, groups=groups, alpha=case.alpha)
    if metric.level != "example":
        return f"the spread of seeds of {metric.name} alone is not known: it is a score of all rows at once"
    nothing = np.where(np.isnan(stack[:, :1]), np.nan, 0.0)
    found = seed_spread(nothing, stack, metric=metric, drawn=(False, True), groups=groups, confidence=1 - 2 * case.alpha)
    if found is None:
        return "the policy counts the spread of training seeds, and there is one seed only"
    return _over_seeds(found, case.alpha)


def _limits(case: GateInput, a: Array, b: Array, metric: Metric, groups: Sequence[str | None]) -> OneSidedLimits | str:
    """The limits of the candidate minus the baseline; where the policy counts the spread of seeds, with it, or why that cannot be."""
    if case.policy.seed_spread == "ignore":
        return one_sided_limits(a, b, metric=metric, groups=groups, alpha=case.alpha)
    assert case.pair is not None  # whoever asks has looked
    drawn = case.pair.b.trained, case.pair.a.trained
    if not any(drawn):
        return one_sided_limits(a, b, metric=metric, groups=groups, alpha=case.alpha)
    found = seed_spread(a, b, metric=metric, drawn=drawn, groups=groups, confidence=1 - 2 * case.alpha)
    if found is None:
        return "the policy counts the spread of training seeds, and a side that is trained has one seed only"
    return _over_seeds(found, case.alpha)


def _over_seeds(spread: SeedSpread, alpha: float) -> OneSidedLimits:
    basis = Basis(spread.n, spread.units, spread.method, spread.reason)
    return basis.limits(spread.difference, spread.low, spread.high, alpha, se=spread.se, df=spread.df)


def _shown(rule: Rule, metric: Metric, limits: OneSidedLimits, turned: tuple[float, float], title: str, alpha: float) -> RuleVerdict:
    """Whether the difference, turned so that more is better, is shown to be above the least that it may be.

    Args:
        turned: −1 where less is better, and the least.
    """
    sign, least = turned
    if limits.estimate is None or limits.low is None or limits.high is None:
        why = f"no limits: {limits.reason}"
        return RuleVerdict(title, "INCONCLUSIVE", why, rule.score, compares=True, unit=metric.unit, method=limits.method)
    low, high = (limits.low, limits.high) if sign > 0 else (-limits.high, -limits.low)
    value = sign * limits.estimate
    outcome: Outcome = "PASS" if low > least else "FAIL" if high < least else "INCONCLUSIVE"
    outcome, doubt = decided(outcome, limits)
    words = {
        "not_worse": ("shown not to be worse by more", "shown to be worse by more", "may be worse by more, or not"),
        "better": ("shown to be better by more", "shown not to be better by more", "may be better by more, or not"),
    }[rule.rule]
    reason = doubt or dict(zip(("PASS", "FAIL", "INCONCLUSIVE"), words, strict=True))[outcome]
    # what was planned: that the two are equally good; or, where more is asked for, the difference that was seen
    planned = -least if rule.rule == "not_worse" else value - least
    needed = rows_needed(planned, (high - low) / 2, limits.n, alpha) if outcome == "INCONCLUSIVE" and not doubt else None
    return RuleVerdict(title, outcome, reason, rule.score, True, value, low, high, least, metric.unit, limits.n, needed, limits.method)
