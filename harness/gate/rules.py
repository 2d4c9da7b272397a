"""The verdict on each rule. Decisions are read from one-sided limits at level α, never from the number that happens to be measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.analysis import OneSided, not_worse, one_sided_limits, score_limits, seed_spread
from harness.analysis.power import POWER
from harness.gate.policy import MEASURES, REVIEWS, Policy, Rule
from harness.gate.verdict import Outcome, Ruling
from harness.results import Chosen, Pairing
from harness.results.slices import slices_of
from harness.review import findings_of, reviews_of
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """Who is judged: the candidate, and where there is one the baseline on the same rows. `alpha` is what each rule decides at."""

    candidate: Chosen
    pair: Pairing | None
    metrics: dict[str, Metric]
    policy: Policy
    alpha: float

    @property
    def groups(self) -> tuple[str | None, ...]:
        return self.candidate.rows.groups

    def own(self, metric: Metric) -> Array:
        """The candidate's statistics, (examples, seeds, d)."""
        return self.candidate.rows.stack(metric, self.candidate.cells)

    def both(self, metric: Metric) -> tuple[Array, Array]:
        """The baseline's and the candidate's, on the rows of the candidate."""
        assert self.pair is not None  # whoever asks has looked
        candidate, baseline = self.pair.stacks(metric)
        return baseline, candidate


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
        return [_of_people(case, rule)]
    if rule.score in MEASURES:
        return [_of_measure(case, rule)]
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
        return _against_value(rule, metric, found, title, case.alpha)
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
    needed = _needed(value - least, (high - low) / 2, limits.n, alpha) if outcome == "INCONCLUSIVE" else None
    return Ruling(title, outcome, reason, rule.score, True, value, low, high, least, metric.unit, limits.n, needed, limits.method)


def _against_value(rule: Rule, metric: Metric, found: OneSided, title: str, alpha: float) -> Ruling:
    value = rule.value if rule.value is not None else 0.0
    if found.difference is None or found.low is None or found.high is None:
        return Ruling(
            title,
            "INCONCLUSIVE",
            f"too few rows: {found.method}",
            rule.score,
            against=value,
            unit=metric.unit,
            n=found.n,
            method=found.method,
        )
    above, below = found.low > value, found.high < value
    good, bad = (above, below) if rule.rule == "floor" else (below, above)
    outcome: Outcome = "PASS" if good else "FAIL" if bad else "INCONCLUSIVE"
    side = "above" if rule.rule == "floor" else "below"
    reason = {"PASS": f"shown to be {side} it", "FAIL": f"shown not to be {side} it", "INCONCLUSIVE": "these rows cannot tell"}[outcome]
    gap = found.difference - value if rule.rule == "floor" else value - found.difference
    needed = _needed(gap, (found.high - found.low) / 2, found.n, alpha) if outcome == "INCONCLUSIVE" else None
    return Ruling(
        title,
        outcome,
        reason,
        rule.score,
        False,
        found.difference,
        found.low,
        found.high,
        value,
        metric.unit,
        found.n,
        needed,
        found.method,
    )


def _needed(gap: float, reach: float, n: int, alpha: float) -> int | None:
    """Rows that would show a gap like the one that was seen, with a power of 80 %; None where it goes the wrong way."""
    z = NormalDist().inv_cdf
    if gap <= 0 or reach <= 0:
        return None
    se = reach / z(1 - alpha)
    needed = math.ceil(n * ((z(1 - alpha) + z(POWER)) * se / gap) ** 2)
    return needed if needed > n else None


def _of_measure(case: Case, rule: Rule) -> Ruling:
    """What was measured once is compared as it is: there is no interval of one clock."""
    own = measure(case.candidate, rule.score)
    if own is None:
        return Ruling(rule.title, "FAIL", f"{rule.score} was not measured: {MEASURES[rule.score]}", rule.score)
    if rule.rule in ("floor", "ceiling"):
        value = rule.value if rule.value is not None else 0.0
        good = own <= value if rule.rule == "ceiling" else own >= value
        return Ruling(rule.title, "PASS" if good else "FAIL", f"measured: {MEASURES[rule.score]}", rule.score, measured=own, against=value)
    theirs = measure(case.pair.b, rule.score) if case.pair is not None else None
    if theirs is None:
        return Ruling(rule.title, "FAIL", f"{rule.score} of the baseline is not known", rule.score, compares=True)
    least = -(rule.margin or 0.0) if rule.rule == "not_worse" else (rule.by or 0.0)
    gain = theirs - own
    return Ruling(
        rule.title,
        "PASS" if gain >= least else "FAIL",
        f"measured: {MEASURES[rule.score]}",
        rule.score,
        compares=True,
        measured=gain,
        against=least,
    )


def measure(chosen: Chosen, name: str) -> float | None:
    """The mean over seeds of what was measured; None where one lacks it. Memory and size are the largest."""
    results = [chosen.run.results[cell.id] for cell in chosen.cells]
    rows = len(chosen.rows.examples)
    if name == "forgetting":
        losses = [r.general_loss for r in results]
        return _mean([None if pair is None else pair[1] - pair[0] for pair in losses])
    if name == "artifact_bytes":
        return float(max(r.artifact_bytes for r in results))
    if name == "peak_memory":
        peaks = [c.peak_allocated for r in results for c in r.costs if c.peak_allocated is not None]
        return float(max(peaks)) if peaks else None
    phases = ("predict",) if name in ("answer_seconds", "thousand_price") else ("train", "validate")
    costs = [[c for c in r.costs if c.phase in phases] for r in results]
    if name.endswith("_seconds"):
        seconds = _mean([sum(c.seconds for c in own) if own or name == "training_seconds" else None for own in costs])
        return seconds if seconds is None or name == "training_seconds" else (seconds / rows if rows else None)
    prices = _mean([None if any(c.price is None for c in own) else sum(c.price or 0.0 for c in own) for own in costs])
    return prices if prices is None or name == "training_price" else (1000 * prices / rows if rows else None)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _of_people(case: Case, rule: Rule) -> Ruling:
    """What people said of the candidate in the newest packet that tells; its interval is of 95 %, as in the report."""
    candidate, value = case.candidate.cell.strategy, rule.value if rule.value is not None else 0.0
    run, task = case.candidate.run, case.candidate.rows.task.name
    for review in reversed(reviews_of(run, task)):
        if review.key.cells.get(candidate) not in {cell.id for cell in case.candidate.cells} or not review.key.generalises:
            continue
        found = findings_of(run, review)
        if rule.score == "review.win_rate":
            against = rule.against or "base"
            scores = [(p.rate, p.strategy == candidate) for p in found.preferences if {p.strategy, p.against} == {candidate, against}]
        else:
            scores = [(e.critical, True) for e in found.errors if e.strategy == candidate]
        known = [
            (score, straight) for score, straight in scores if score.value is not None and score.low is not None and score.high is not None
        ]
        if not known:
            continue
        score, straight = known[0]
        assert score.value is not None and score.low is not None and score.high is not None  # they are known
        limits = (score.value, score.low, score.high) if straight else (1 - score.value, 1 - score.high, 1 - score.low)
        one_sided = OneSided(*limits, score.n, f"packet {found.packet}, {score.method}")
        metric = next(iter(case.metrics.values()))
        ruled = _against_value(rule, metric, one_sided, rule.title, 0.025)
        return ruled
    what = (
        f"a pairwise review of {candidate} and {rule.against or 'base'}"
        if rule.score == "review.win_rate"
        else f"a review of the errors of {candidate}"
    )
    return Ruling(rule.title, "FAIL", f"{what} is missing: bench review export", rule.score, against=value)
