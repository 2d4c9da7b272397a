"""Preferences, errors, scales and times: what the ratings say of the strategies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from harness.metrics import example_metric
from harness.review.findings.findings import Change, ErrorRate, Preference, ScaleScore, Time
from harness.review.packets import SEVERITIES
from harness.review.ratings import Judged, Judgements
from harness.statistics import Reduction, compare_scores, relative_reduction, weighted_mean
from harness.types import Metric, ScaleSpec

CRITICAL = example_metric("critical_error_rate", "lower", "fraction", lambda example, prediction: None, "people")
_HALF = 0.5


def preferences(judgements: Judgements) -> tuple[Preference, ...]:
    """Every pair that was shown, the later-named strategy against the earlier."""
    pairs = [(b, a) for a, b in combinations(judgements.strategies, 2) if any({a, b} == set(each.sides) for each in judgements.first)]
    return tuple(preference(judgements, strategy, against) for strategy, against in pairs)


def preference(judgements: Judgements, strategy: str, against: str) -> Preference:
    """One strategy against another."""
    from scipy.stats import binomtest

    own = [each for each in judgements.first if set(each.sides) == {strategy, against}]
    by_row = judgements.by_row(own, lambda each: _won(each, strategy))
    votes = judgements.votes(by_row, _HALF)
    said = [outcome(each) for each in own]
    return Preference(
        strategy=strategy,
        against=against,
        rate=judgements.mean(by_row),
        wins=sum(each == strategy for each in said),
        losses=sum(each == against for each in said),
        ties=said.count("tie"),
        both_bad=said.count("both bad"),
        rows_for=sum(v > _HALF for v in by_row.values()),
        rows_against=sum(v < _HALF for v in by_row.values()),
        sign_p=float(binomtest(votes[0], sum(votes)).pvalue) if votes and sum(votes) else None,
    )


def outcome(each: Judged) -> str:
    """The strategy that won, "tie" or "both bad"."""
    answer = each.rating.answers["preference"]
    return each.sides["AB".index(answer)] if answer in ("A", "B") else answer


def answered(each: Judged, question: str) -> str:
    """The answer, of a pair by which strategy won, whichever side it stood on."""
    if len(each.sides) == 1:
        return each.rating.answers[question]
    said = outcome(each)
    return said if said in ("tie", "both bad") else ("first", "second")[sorted(each.sides).index(said)]


def _won(each: Judged, strategy: str) -> float:
    said = outcome(each)
    return 1.0 if said == strategy else _HALF if said in ("tie", "both bad") else 0.0


def error_rates(judgements: Judgements) -> tuple[ErrorRate, ...]:
    """Of every strategy."""
    critical = {name: rows_with(judgements, name, "critical") for name in judgements.strategies}
    found = []
    for name in judgements.strategies:
        own = [each for each in judgements.first if each.sides == (name,)]
        kinds = {kind: _marked(judgements, own, kind) for kind in judgements.packet.questions.errors}
        shares = {kind: judgements.mean({r: float(v >= _HALF) for r, v in rows.items()}).value for kind, rows in kinds.items()}
        base = judgements.base if name != judgements.base else None
        found.append(
            ErrorRate(
                strategy=name,
                critical=judgements.mean(critical[name], exact=True),
                any_error=judgements.mean(rows_with(judgements, name, "minor"), exact=True),
                kinds={kind: share for kind, share in shares.items() if share},
                change=_change(judgements, critical[base], critical[name], CRITICAL) if base else None,
                reduction=_reduction(judgements, critical[base], critical[name]) if base else None,
            )
        )
    return tuple(found)


def _marked(judgements: Judgements, own: Sequence[Judged], kind: str) -> dict[str, float]:
    """The share of the raters of each row who marked this kind of error."""
    return judgements.by_row(own, lambda each: float(kind in each.rating.kinds))


def rows_with(judgements: Judgements, strategy: str, severity: str) -> dict[str, float]:
    """Of each row that was judged: 1 where at least half of the raters found an error that is at least so bad, else 0."""
    own = [each for each in judgements.first if each.sides == (strategy,)]
    least = SEVERITIES.index(severity)
    found = judgements.by_row(own, lambda each: float(SEVERITIES.index(each.rating.answers["severity"]) >= least))
    return {row: float(value >= _HALF) for row, value in found.items()}


def scale_scores(judgements: Judgements) -> tuple[ScaleScore, ...]:
    """Of every scale and strategy."""
    found = []
    for scale in judgements.packet.questions.scales:
        metric = example_metric(scale.name, "higher", "answers", lambda example, prediction: None, "people")
        means = {}
        for name in judgements.strategies:
            own = [each for each in judgements.first if each.sides == (name,)]
            means[name] = _answers(judgements, own, scale)
        for name, rows in means.items():
            base = judgements.base if name != judgements.base else None
            change = _change(judgements, means[base], rows, metric) if base else None
            found.append(ScaleScore(name, scale.name, scale.answers, judgements.mean(rows, scale=(1.0, float(len(scale.answers)))), change))
    return tuple(found)


def _answers(judgements: Judgements, own: Sequence[Judged], scale: ScaleSpec) -> dict[str, float]:
    """The mean answer of each row, 1 for the worst."""
    return judgements.by_row(own, lambda each: 1.0 + scale.answers.index(each.rating.answers[scale.name]))


def _change(judgements: Judgements, base: Mapping[str, float], own: Mapping[str, float], metric: Metric) -> Change | None:
    """The difference on the rows that both have; with unequal chances the weighted mean of the differences, without a p-value."""
    rows = [row for row in own if row in base]
    if not rows:
        return None
    before, chances, groups = judgements.arrays({row: base[row] for row in rows})
    after = np.array([own[row] for row in rows])
    if judgements.unequal(rows):
        mean, interval = weighted_mean(after - before, chances, groups)
        return Change(mean, interval.low, interval.high, None, len(rows), f"paired, {interval.method}")
    found = compare_scores(before, after, metric=metric, groups=groups, margin=None)
    if found.difference is None:
        return None
    return Change(found.difference, found.low, found.high, found.p_value, found.n, found.method)


def _reduction(judgements: Judgements, base: Mapping[str, float], own: Mapping[str, float]) -> Reduction | None:
    """By what share there are fewer critical errors; only of rows that were equally likely, since a ratio is not weighed here."""
    rows = [row for row in own if row in base]
    if not rows:
        return None
    before, _, groups = judgements.arrays({row: base[row] for row in rows})
    if judgements.unequal(rows):
        return None
    return relative_reduction(before, np.array([own[row] for row in rows]), metric=CRITICAL, groups=groups)


def times(judgements: Judgements) -> tuple[Time, ...]:
    """Of every strategy whose outputs were judged alone, where the page saw the time."""
    seconds = {
        name: {
            (each.example, each.rating.rater): each.rating.seconds
            for each in judgements.first
            if each.sides == (name,) and each.rating.seconds
        }
        for name in judgements.strategies
    }
    found = []
    for name, own in seconds.items():
        known = [s for s in own.values() if s]
        if not known:
            continue
        ratio = _ratio(judgements, seconds.get(judgements.base or "", {}), own) if name != judgements.base else None
        found.append(Time(name, float(np.median(known)), len(known), *(ratio or (None, None, None))))
    return tuple(found)


def _ratio(
    judgements: Judgements, base: Mapping[tuple[str, str], float | None], own: Mapping[tuple[str, str], float | None]
) -> tuple[float, float | None, float | None] | None:
    """Of geometric means: the mean over rows of the difference of logarithms, of the same rater on the same row."""
    logs: dict[str, list[float]] = {}
    for (row, rater), seconds in own.items():
        before = base.get((row, rater))
        if seconds and before:
            logs.setdefault(row, []).append(math.log(seconds / before))
    if not logs:
        return None
    values, chances, groups = judgements.arrays({row: float(np.mean(own_logs)) for row, own_logs in logs.items()})
    mean, interval = weighted_mean(values, chances, groups)
    ends = (None if end is None else math.exp(end) for end in (interval.low, interval.high))
    low, high = ends
    return math.exp(mean), low, high
