"""The verdict on each rule. Decisions are read from one-sided limits at level α, never from the number that happens to be measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.analysis import OneSided, not_worse, one_sided_limits, score_limits, seed_spread
from harness.gate.case import Array, Case, against_value, rows_needed
from harness.gate.measures import ruling_of_measure
from harness.gate.people import ruling_of_people
from harness.gate.policy import MEASURES, REVIEWS, Rule
from harness.gate.verdict import Outcome, Ruling
from harness.results.slices import slices_of
from harness.types import Metric


def rulings_of(case: Case) -> list[Ruling]:
    """The least that must be there, then every rule in the order of the policy; a rule on slices is one ruling a slice."""
    return [*_least(case), *(ruling for rule in case.policy.rules for ruling in _ruling(case, rule))]


def _least(case: Case) -> list[Ruling]:
    found, rows, seeds = [], len(case.candidate.rows.examples), len(case.candidate.cells)
    if case.policy.rows > 1:
        enough = rows >= case.policy.rows
        reason = f"{rows:,} test rows" + ("" if enough else f"; the policy asks for {case.policy.rows:,}")
        found.append(
            Ruling(
                f"{case.policy.rows:,} test rows",
                "PASS" if enough else "INCONCLUSIVE",
                reason,
                n=rows,
                rows_needed=None if enough else case.policy.rows,
            )
        )
    if case.policy.seeds > 1:
        enough = seeds >= case.policy.seeds or not case.candidate.trained
        reason = f"{seeds} training seeds" + ("" if enough else f"; the policy asks for {case.policy.seeds}")
        found.append(Ruling(f"{case.policy.seeds} training seeds", "PASS" if enough else "INCONCLUSIVE", reason))
    return found


def _ruling(case: Case, rule: Rule) -> list[Ruling]:
    if rule.score in REVIEWS:
        return [ruling_of_people(case, rule)]
    if rule.score in MEASURES:
        return [ruling_of_measure(case, rule)]
    metric = case.metrics[rule.score]
    if rule.slice is None:
        return [_of_score(case, rule, metric, None, rule.title)]
    return _of_slices(case, rule, metric, rule.slice)


def _of_slices(case: Case, rule: Rule, metric: Metric, cut: str) -> list[Ruling]:
    """One ruling a slice that is large enough, or that of the one that is named."""
    column, _, wanted = cut.partition("=")
    slices = slices_of(case.candidate.rows.examples, column)
    if wanted:
        if wanted in slices:
            return [_of_score(case, rule, metric, slices[wanted], rule.title)]
        return [Ruling(rule.title, "FAIL", f"no test row has {column} = {wanted}; there are {', '.join(list(slices)[:12])}", rule.score)]
    large = {name: rows for name, rows in slices.items() if len(rows) >= rule.rows}
    if not large:
        most = max(len(rows) for rows in slices.values())
        return [Ruling(rule.title, "INCONCLUSIVE", f"no slice by {column} has {rule.rows} rows; the largest has {most}", rule.score)]
    return [_of_score(case, rule, metric, rows, f"{rule.title} = {name}") for name, rows in large.items()]


def _of_score(case: Case, rule: Rule, metric: Metric, rows: Sequence[int] | None, title: str) -> Ruling:
    groups = case.groups if rows is None else tuple(case.groups[i] for i in rows)
    cut: Callable[[Array], Array] = (lambda stack: stack) if rows is None else (lambda stack: stack[list(rows)])
    if rule.rule in ("floor", "ceiling"):
        found = score_limits(cut(case.own(metric)), metric=metric, groups=groups, alpha=case.alpha)
        return against_value(rule, metric.unit, found, title, case.alpha)
    if case.pair is None:
        return Ruling(
            title, "FAIL", "there is no baseline to compare with: name one with --baseline RUN:strategy", rule.score, compares=True
        )
    a, b = (cut(stack) for stack in case.both(metric))
    limits = _limits(case, a, b, metric, groups)
    if isinstance(limits, str):
        return Ruling(title, "INCONCLUSIVE", limits, rule.score, compares=True)
    sign = -1.0 if metric.direction == "lower" else 1.0
    if rule.rule == "not_worse":
        return _not_worse(case, rule, metric, (a, b), limits, groups, title)
    return _better(rule, metric, limits, sign, title, case.alpha)


def _limits(case: Case, a: Array, b: Array, metric: Metric, groups: Sequence[str | None]) -> OneSided | str:
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
    return OneSided(found.difference, found.low, found.high, len(a), found.method)


def _not_worse(
    case: Case, rule: Rule, metric: Metric, sides: tuple[Array, Array], limits: OneSided, groups: Sequence[str | None], title: str
) -> Ruling:
    margin = rule.margin or 0.0
    if case.policy.seed_spread == "count":
        sign = -1.0 if metric.direction == "lower" else 1.0
        return _shown(rule, metric, limits, sign, -margin, title, case.alpha)
    found = not_worse(*sides, metric=metric, margin=margin, groups=groups, alpha=case.alpha)
    if found.loss is None or found.most is None or found.least is None:
        return Ruling(
            title, "INCONCLUSIVE", f"too few rows: {found.method}", rule.score, compares=True, unit=metric.unit, method=found.method
        )
    reasons: dict[Outcome, str] = {
        "PASS": "shown not to be worse by more",
        "FAIL": "shown to be worse by more",
        "INCONCLUSIVE": "may be worse by more, or not",
    }
    return Ruling(
        rule=title,
        outcome=found.outcome,
        reason=reasons[found.outcome],
        score=rule.score,
        compares=True,
        measured=-found.loss,
        low=-found.most,
        high=-found.least,
        against=-margin,
        unit=metric.unit,
        n=limits.n,
        rows_needed=found.rows_needed,
        method=found.method,
    )


def _better(rule: Rule, metric: Metric, limits: OneSided, sign: float, title: str, alpha: float) -> Ruling:
    return _shown(rule, metric, limits, sign, rule.by or 0.0, title, alpha)


def _shown(rule: Rule, metric: Metric, limits: OneSided, sign: float, least: float, title: str, alpha: float) -> Ruling:
    """Whether the difference, turned so that more is better, is shown to be above `least`."""
    if limits.difference is None or limits.low is None or limits.high is None:
        return Ruling(
            title, "INCONCLUSIVE", f"too few rows: {limits.method}", rule.score, compares=True, unit=metric.unit, method=limits.method
        )
    low, high = (limits.low, limits.high) if sign > 0 else (-limits.high, -limits.low)
    value = sign * limits.difference
    outcome: Outcome = "PASS" if low > least else "FAIL" if high < least else "INCONCLUSIVE"
    reason = {"PASS": "shown", "FAIL": "shown not to be", "INCONCLUSIVE": "these rows cannot tell"}[outcome]
    needed = rows_needed(value - least, (high - low) / 2, limits.n, alpha) if outcome == "INCONCLUSIVE" else None
    return Ruling(title, outcome, reason, rule.score, True, value, low, high, least, metric.unit, limits.n, needed, limits.method)
