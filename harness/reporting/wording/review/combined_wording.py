"""What automatic scores add to ratings: sentences and a table, the same in the terminal and in the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.reporting.wording import numbers
from harness.reporting.wording.headings import CONFIDENCE_INTERVAL, LOW_CONFIDENCE_MARK, LOW_CONFIDENCE_NOTE
from harness.reporting.wording.names import list_names, score_name, strategy_in_sentence, strategy_name
from harness.reporting.wording.text_table import TextTable
from harness.review import Findings
from harness.review.findings import Combined
from harness.statistics import FEWEST_RATINGS, WhyAlone
from harness.types import Score

ALONE, WITH_A_SCORE = "ratings alone", "with a score"
_TITLE = "Ratings together with automatic scores"
_NOTE = (
    "Ratings correct the errors of the score; where it does not make the interval narrower, it is not used. The score of each "
    "example is chosen and weighted by the ratings of the other examples. Worth: how many rated examples alone would give an interval "
    "as narrow."
)
_WHY_ALONE: dict[WhyAlone, str] = {
    "all_rated": "not needed: every example is rated",
    "few_ratings": "too few ratings",
    "few_events": "too few examples with one of the two answers",
    "no_gain": "none predicts these ratings well enough",
}
_CRITICAL = (
    "Rates of critical errors always rest on the ratings alone: such errors are rare, so a score would add little, and an interval that "
    "relied on it could be wrong."
)


@dataclass(frozen=True)
class CombinedRow:
    """A result from the ratings alone, and with the help of a score."""

    name: str
    alone: Score
    combined: Combined
    kind: Literal["share", "mean", "change"]


def describe_help(findings: Findings) -> str:
    """What automatic scores add to the ratings; empty where nothing could be combined."""
    rows = [row for row in _list_rows(findings) if row.combined.why_alone != "all_rated"]
    critical = f" {_CRITICAL}" if findings.error_rates and findings.rated_items else ""
    if not rows:
        return critical.strip()
    helped = [row.combined for row in rows if row.combined.estimate is not None]
    if helped:
        best = max(helped, key=lambda combined: combined.effective)
        names = list_names(list(dict.fromkeys(score_name(name) for combined in helped for name in combined.scores[:1])))
        worth = [numbers.count(round(end(combined.effective for combined in helped))) for end in (min, max)]
        amount = f"about {worth[0]}" if worth[0] == worth[1] else f"about {worth[0]} to {worth[1]}"
        rated = best.estimate.n if best.estimate is not None else findings.rated_examples
        return (
            f"Together with {names}, known for all {numbers.plural(best.examples, 'test example')}, {rated} rated examples are worth "
            f"{amount}.{critical}"
        )
    if all(row.combined.why_alone == "few_ratings" for row in rows):
        return f"From {FEWEST_RATINGS} independent rated examples on, automatic scores may make these results more precise.{critical}"
    return f"No automatic score makes these results more precise: they rest on the ratings alone.{critical}"


def list_helped(findings: Findings) -> list[CombinedRow]:
    """The results that a score makes more precise; only those of one kind, so that they fit one scale."""
    helped = [row for row in _list_rows(findings) if row.combined.estimate is not None]
    return [row for row in helped if row.kind == helped[0].kind]


def title_chart() -> str:
    """What the chart of `list_helped` shows."""
    return "Results and their 95% CI, from the ratings alone and with the help of a score"


def describe_chart(rows: Sequence[CombinedRow]) -> str:
    """The chart in words."""
    parts = []
    for row in rows:
        both = (row.alone, row.combined.estimate or row.alone)
        alone, joined = (f"{value} ({interval})" for value, interval in (_format_estimate(score, row.kind) for score in both))
        parts.append(f"{row.name}: {alone} from the ratings alone, {joined} with a score.")
    return " ".join(parts)


def name_scores(combined: Combined) -> str:
    """The scores that were used, such as "Match with the reference"."""
    return list_names([score_name(name) for name in combined.scores])


def build_combined_table(findings: Findings) -> TextTable:
    """One row for each estimate that a score could help; none where no score could."""
    rows = _list_rows(findings)
    if all(row.combined.why_alone == "all_rated" for row in rows):
        rows = []
    cells = tuple(_format_row(row) for row in rows)
    columns = (
        "result", ALONE, CONFIDENCE_INTERVAL, WITH_A_SCORE, CONFIDENCE_INTERVAL, "rated examples", "worth", "score",
    )  # fmt: skip
    note = f"{_NOTE} {LOW_CONFIDENCE_NOTE}" if any(LOW_CONFIDENCE_MARK in cell for row in cells for cell in row) else _NOTE
    return TextTable(_TITLE, columns, (False, True, True, True, True, True, True, False), cells, note)


def _list_rows(findings: Findings) -> list[CombinedRow]:
    rows = [
        CombinedRow(f"{strategy_name(p.strategy)} preferred to {strategy_in_sentence(p.against)}", p.win_rate, p.combined, "share")
        for p in findings.preferences
        if p.combined is not None
    ]
    rows += [
        CombinedRow(f"{strategy_name(e.strategy)}: any error", e.any_error, e.any_combined, "share")
        for e in findings.error_rates
        if e.any_combined is not None
    ]
    for s in findings.scale_scores:
        if s.combined is not None:
            rows.append(CombinedRow(f"{strategy_name(s.strategy)}: {s.scale}", s.mean, s.combined, "mean"))
        if s.change_combined is not None and s.change is not None and findings.baseline is not None:
            name = f"{strategy_name(s.strategy)}: {s.scale}, change from {strategy_in_sentence(findings.baseline)}"
            rows.append(CombinedRow(name, s.change.as_score, s.change_combined, "change"))
    return rows


def _format_row(row: CombinedRow) -> tuple[str, ...]:
    combined, alone = row.combined, _format_estimate(row.alone, row.kind)
    if combined.estimate is None:
        why = _WHY_ALONE[combined.why_alone] if combined.why_alone else numbers.NOTHING
        return (row.name, *alone, numbers.NOTHING, "", numbers.count(row.alone.n), numbers.count(row.alone.n), why)
    score = f"{name_scores(combined)} (explains {numbers.share(combined.explained)} of the variance)"
    worth = numbers.count(round(combined.effective))
    return (row.name, *alone, *_format_estimate(combined.estimate, row.kind), numbers.count(combined.estimate.n), worth, score)


def _format_estimate(score: Score, kind: Literal["share", "mean", "change"]) -> tuple[str, str]:
    """The value and its interval."""
    mark = "" if score.reliable else f" {LOW_CONFIDENCE_MARK}"
    if kind == "share":
        interval = numbers.share_interval(score.low, score.high)
        return numbers.share(score.value), f"{interval}{mark}" if interval else ""
    value, low, high = (_format_number(number, is_signed=kind == "change") for number in (score.value, score.low, score.high))
    return value, f"{low} to {high}{mark}" if score.low is not None else ""


def _format_number(value: float | None, *, is_signed: bool) -> str:
    if value is None:
        return numbers.NOTHING
    return (f"{value:+.2f}" if is_signed else f"{value:.2f}").replace("-", "−")
