"""Tables about a review, with titles, headings and footnotes: the same in the terminal and in the report."""

from __future__ import annotations

from collections.abc import Sequence

from harness.reporting.wording import numbers
from harness.reporting.wording.headings import CONFIDENCE_INTERVAL, LOW_CONFIDENCE_MARK, LOW_CONFIDENCE_NOTE
from harness.reporting.wording.names import has_plain_name, score_name, strategy_in_sentence, strategy_name
from harness.reporting.wording.review.combined_wording import build_combined_table
from harness.reporting.wording.review.review_sentences import name_pair
from harness.reporting.wording.text_table import TextTable
from harness.review import Findings
from harness.review.findings import AGREES_ABOVE, MIN_INPUTS, Change, Kappa
from harness.statistics import Reduction
from harness.types import Score

_CHECKS, _UPHELD = f"checks passed ({CONFIDENCE_INTERVAL})", f"upheld ({CONFIDENCE_INTERVAL})"


def list_results(findings: Findings) -> list[TextTable]:
    """What raters say about the strategies; tables without a row are left out."""
    if not findings.rated_items:
        return []
    tables = (
        _list_ranking,
        _list_ranked_pairs,
        _list_preferences,
        _list_error_rates,
        _list_error_kinds,
        _list_scale_scores,
        build_combined_table,
        _list_rating_times,
    )
    return [table for build in tables if (table := build(findings)).rows]


def list_details(findings: Findings) -> list[TextTable]:
    """Inter-rater agreement, the raters, and agreement with automatic scores; tables without a row are left out."""
    tables = (_list_agreement, _list_raters, _list_metric_agreement)
    return [table for build in tables if (table := build(findings)).rows]


def _list_preferences(findings: Findings) -> TextTable:
    rows = [
        (
            name_pair(p), numbers.share(p.win_rate.value), _format_share_interval(p.win_rate), numbers.count(p.wins),
            numbers.count(p.losses), numbers.count(p.ties), numbers.count(p.both_bad), f"{p.examples_for} : {p.examples_against}",
            numbers.bare_p_value(p.sign_test_p),
        )
        for p in findings.preferences
    ]  # fmt: skip
    columns = ("pair", "win rate", CONFIDENCE_INTERVAL, "wins", "losses", "ties", "both bad", "examples won : lost", "sign test p-value")
    note = "The win rate is a mean over examples, in which a tie and “both bad” count as half. Wins, losses and ties count ratings."
    return _build_table("Preferences", columns, rows, note)


def _list_ranking(findings: Findings) -> TextTable:
    ranked = findings.ranking.strategies if findings.ranking is not None else ()
    rows = [(strategy_name(r.strategy), numbers.share(r.win_rate.value), _format_share_interval(r.win_rate)) for r in ranked]
    note = (
        "From all comparisons together, on one scale (Bradley–Terry; a tie and “both bad” count as half): how often a strategy is expected "
        "to win, on average against the others."
    )
    return _build_table("Ranking of all strategies", ("strategy", "expected win rate", CONFIDENCE_INTERVAL), rows, note)


def _list_ranked_pairs(findings: Findings) -> TextTable:
    ranked = findings.ranking.pairs if findings.ranking is not None else ()
    rows = [(_name_two(r.strategy, r.against), numbers.share(r.win_rate.value), _format_share_interval(r.win_rate)) for r in ranked]
    note = (
        "From the same ranking. These intervals hold for all pairs together. Where a pair’s own win rate, below, lies outside, the "
        "strategies do not fit one scale: trust the pair’s own win rate."
    )
    return _build_table("Pairs in the ranking", ("pair", "expected win rate", f"{CONFIDENCE_INTERVAL}, all pairs"), rows, note)


def _name_two(strategy: str, against: str) -> str:
    return f"{strategy_name(strategy)} vs. {strategy_in_sentence(against)}"


def _list_error_rates(findings: Findings) -> TextTable:
    rows = [
        (
            strategy_name(e.strategy), numbers.share(e.critical.value), _format_share_interval(e.critical),
            numbers.share(e.any_error.value), _format_share_interval(e.any_error), *_format_change(e.change, decimals=1, in_points=True),
            _format_reduction(e.reduction),
        )
        for e in findings.error_rates
    ]  # fmt: skip
    columns = (
        "strategy",
        "critical errors",
        CONFIDENCE_INTERVAL,
        "any error",
        CONFIDENCE_INTERVAL,
        _name_change(findings),
        CONFIDENCE_INTERVAL,
        "p-value",
        f"relative change ({CONFIDENCE_INTERVAL})",
    )
    note = "An example counts if at least half of its raters found such an error. Intervals are exact where examples are independent."
    return _build_table("Errors found by raters", columns, rows, note)


def _list_error_kinds(findings: Findings) -> TextTable:
    kinds = list(dict.fromkeys(kind for e in findings.error_rates for kind in e.kinds))
    rows = [(strategy_name(e.strategy), *(numbers.share(e.kinds.get(kind, 0.0)) for kind in kinds)) for e in findings.error_rates if kinds]
    note = "Share of examples on which at least half of the raters marked this kind of error."
    return _build_table("Kinds of errors", ("strategy", *kinds), rows, note)


def _list_scale_scores(findings: Findings) -> TextTable:
    rows = [
        (
            strategy_name(s.strategy), s.scale, _round(s.mean.value), _format_interval(s.mean), f"1–{len(s.answers)}",
            *_format_change(s.change, decimals=2),
        )
        for s in findings.scale_scores
    ]  # fmt: skip
    columns = ("strategy", "scale", "mean", CONFIDENCE_INTERVAL, "range", _name_change(findings), CONFIDENCE_INTERVAL, "p-value")
    return _build_table("Mean ratings", columns, rows, "1 is the worst answer of a scale.", text_columns=2)


def _list_rating_times(findings: Findings) -> TextTable:
    rows = [
        (
            strategy_name(t.strategy), numbers.seconds(t.median_seconds), numbers.count(t.ratings), _format_ratio(t.ratio),
            f"{_format_ratio(t.low)} to {_format_ratio(t.high)}" if t.low is not None else "",
        )
        for t in findings.rating_times
    ]  # fmt: skip
    columns = ("strategy", "median", "ratings", f"ratio to {_name_baseline(findings)}", CONFIDENCE_INTERVAL)
    note = "Time counts while the page is visible and in use. The ratio compares geometric means of the same raters on the same examples."
    return _build_table("Time per rating", columns, rows, note)


def _list_agreement(findings: Findings) -> TextTable:
    rows = []
    for question, level, a in ((question, level, a) for question, levels in findings.agreement.items() for level, a in levels.items()):
        kappas = "; ".join(_describe_kappa(*names, kappa) for names, kappa in list(a.cohen.items())[:10])
        mark = "" if a.reliable else f" {LOW_CONFIDENCE_MARK}"
        interval = f"{_round(a.low)} to {_round(a.high)}{mark}" if a.low is not None and a.high is not None else ""
        name = question if level == "nominal" else f"{question} (ordered)"
        rows.append((name, _round(a.alpha), interval, numbers.count(a.units), _round(a.fleiss), kappas or numbers.NOTHING))
    columns = ("question", "Krippendorff’s α", CONFIDENCE_INTERVAL, "units", "Fleiss’ κ", "Cohen’s κ")
    note = (
        "1 is perfect agreement, 0 is chance. Ordered: neighbouring answers agree in part (Cohen’s κ with quadratic weights). "
        "Brackets: 95% CI."
    )
    return _build_table("Inter-rater agreement", columns, rows, note)


def _describe_kappa(one: str, other: str, kappa: Kappa) -> str:
    ends = f"{_round(kappa.low)} to {_round(kappa.high)}, " if kappa.low is not None and kappa.high is not None else ""
    return f"{one} and {other} {_round(kappa.value)} ({ends}n = {kappa.n})"


def _list_raters(findings: Findings) -> TextTable:
    rows = []
    for r in findings.raters:
        left = (
            f"{numbers.share(r.left_wins / r.decided)} ({numbers.share_interval(r.left_low, r.left_high)})"
            if r.decided
            else numbers.NOTHING
        )
        repeats = f"{r.repeated_same} of {r.repeated}" if r.repeated else numbers.NOTHING
        checks = _format_counted(r.checks_passed, r.checks, r.checks_low, r.checks_high)
        upheld = _format_counted(r.upheld, r.disputed, r.upheld_low, r.upheld_high)
        name = r.name if r.excluded is None else f"{r.name} (excluded)"
        rows.append((name, f"{r.rated} of {r.items}", repeats, left, numbers.seconds(r.median_seconds), checks, upheld))
    columns = ("rater", "rated", "same answer on repeats", f"left side preferred ({CONFIDENCE_INTERVAL})", "median time", _CHECKS, _UPHELD)
    used = [k for k, name in enumerate(columns) if name not in (_CHECKS, _UPHELD) or any(row[k] != numbers.NOTHING for row in rows)]
    notes = {
        _CHECKS: "Checks are items whose right answer is known; they never count as results.",
        _UPHELD: "Upheld: adjudicated disagreements on which the adjudicator agrees with this rater.",
    }
    note = " ".join(text for name, text in notes.items() if name in [columns[k] for k in used])
    return _build_table("Raters", [columns[k] for k in used], [[row[k] for k in used] for row in rows], note)


def _format_counted(count: int, of: int, low: float | None, high: float | None) -> str:
    return f"{count} of {of} ({numbers.share_interval(low, high)})" if of else numbers.NOTHING


def _list_metric_agreement(findings: Findings) -> TextTable:
    rows = []
    for m in findings.metric_agreement:
        within = m.within_input
        rows.append(
            (
                _name_score(m.metric),
                "Yes" if m.agrees else "Not shown",
                _format_correlation(m.given_length),
                _format_correlation(m.correlation),
                _format_correlation(within) if within is not None else numbers.NOTHING,
                numbers.count(m.inputs),
            )
        )
    columns = ("score", "agrees with raters?", "correlation given length", "correlation", "agreement within an input", "inputs")
    return _build_table("Agreement of automatic scores with raters", columns, rows, _explain_agreement(findings), text_columns=2)


def _explain_agreement(findings: Findings) -> str:
    rule = f"“Yes”: the 95% CI of the correlation given length is above {AGREES_ABOVE:g}, from at least {MIN_INPUTS} inputs" + (
        "." if findings.representative else "; not shown here, because the sample does not describe the whole test set."
    )
    subject = "of the difference in score with the preference" if findings.mode == "pairwise" else "with the raters’ mean answer"
    given = "among outputs of one strategy that are equally long compared to the reference"
    within = "how often the score prefers the output that raters prefer (0.5 is chance)"
    return f"{rule} Correlation: Spearman’s, {subject} (0 is chance). Given length: {given}. Within an input: {within}. Brackets: 95% CI."


def _format_correlation(score: Score) -> str:
    """The estimate with its 95% CI."""
    interval = _format_interval(score)
    return f"{_round(score.value)} ({interval})" if interval else _round(score.value)


def _build_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], note: str = "", *, text_columns: int = 1) -> TextTable:
    """A table whose first columns hold text and whose other columns hold numbers."""
    if any(LOW_CONFIDENCE_MARK in cell for row in rows for cell in row):
        note = f"{note} {LOW_CONFIDENCE_NOTE}".strip()
    is_numeric = tuple(column >= text_columns for column in range(len(columns)))
    return TextTable(title, tuple(columns), is_numeric, tuple(tuple(row) for row in rows), note)


def _name_change(findings: Findings) -> str:
    return f"change from {_name_baseline(findings)}"


def _name_baseline(findings: Findings) -> str:
    return strategy_in_sentence(findings.baseline) if findings.baseline else numbers.NOTHING


def _name_score(score: str) -> str:
    return f"{score_name(score)} ({score})" if has_plain_name(score) else score_name(score)


def _format_share_interval(score: Score) -> str:
    return f"{numbers.share_interval(score.low, score.high)}{_mark_confidence(score)}" if score.low is not None else ""


def _format_interval(score: Score) -> str:
    return (
        f"{_round(score.low)} to {_round(score.high)}{_mark_confidence(score)}" if score.low is not None and score.high is not None else ""
    )


def _mark_confidence(estimate: Score | Change | Reduction) -> str:
    return "" if estimate.reliable else f" {LOW_CONFIDENCE_MARK}"


def _format_change(change: Change | None, *, decimals: int, in_points: bool = False) -> tuple[str, str, str]:
    """A difference, its interval and p; shares in percentage points."""
    if change is None:
        return numbers.NOTHING, "", ""
    factor = 100 if in_points else 1
    value, low, high = (_format_signed(end, factor, decimals) for end in (change.value, change.low, change.high))
    interval = f"{low} to {high}{_mark_confidence(change)}" if change.low is not None else ""
    return f"{value} points" if in_points else value, interval, numbers.bare_p_value(change.p_value)


def _format_signed(value: float | None, factor: int, decimals: int) -> str:
    return numbers.NOTHING if value is None else f"{value * factor:+.{decimals}f}".replace("-", "−")


def _format_reduction(reduction: Reduction | None) -> str:
    if reduction is None or reduction.value is None:
        return numbers.NOTHING
    text = numbers.fewer(reduction.value)
    if reduction.low is None or reduction.high is None:
        return text
    return f"{text} ({numbers.fewer_interval(reduction.low, reduction.high)}){_mark_confidence(reduction)}"


def _round(value: float | None) -> str:
    return numbers.NOTHING if value is None else f"{value:.2f}".replace("-", "−")


def _format_ratio(value: float | None) -> str:
    return numbers.NOTHING if value is None else f"{value:.2f}×"
