"""The tables and figures of a search: values, losses, and what was spent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.reporting.views.sections import FieldFigure, LossLine, LossPoint, SearchedStrategy, SearchReport
from harness.reporting.wording import numbers
from harness.reporting.wording.headings import CONFIDENCE_INTERVAL, LOW_CONFIDENCE_MARK, LOW_CONFIDENCE_NOTE
from harness.reporting.wording.names import strategy_name
from harness.reporting.wording.text_table import TextTable
from harness.results import FieldFinding, SearchFindings, TrialFinding
from harness.statistics import NEAR_BEST
from harness.text import one_line

TABLE = "Searched values, by strategy"
COLUMNS = (
    "Strategy", "Chosen", "Own value", "As good as the chosen", "Loss, chosen", "Loss, own value", "Range near the best", "Trials", "Spent",
)  # fmt: skip
RACE_TABLE, RACE_LOSS = "Validation losses of the race, by strategy", "Loss"
_RACE_COLUMNS = (0, 4, 8)
FIGURE_LEGEND = (
    f"filled: trained in full; hollow: every trial after its first part; ring: chosen; bars are {CONFIDENCE_INTERVAL}s; "
    "×: diverged or failed; ↑: a loss above the scale"
)
PROGRESS, PROGRESS_LEGEND = "Lowest validation loss so far", "by time spent on the search of each strategy"
AXIS_LOSS, AXIS_SECONDS, AXIS_MINUTES = "validation loss (nats per token)", "seconds of search", "minutes of search"
_FIELD_NAMES = {"learning_rate": "learning rate", "batch_size": "batch size", "r": "rank (r)"}


def write_value(value: Any) -> str:
    """A value as people type it: 2e-4, 16, 3.5."""
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e6:
            return str(int(value))
        digits = 3 if float(f"{value:.3g}") == value else 2  # what a person has chosen is not rounded
        text = f"{value:.{digits}g}" if 0.01 <= abs(value) < 100 else f"{value:.{digits - 1}e}"
        mantissa, e, exponent = text.partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        return f"{mantissa}e{int(exponent)}" if e else mantissa
    return one_line(str(value), 60)


def name_field(field: str) -> str:
    """A field in a sentence."""
    return _FIELD_NAMES.get(field, field)


def build_search_table(report: SearchReport) -> TextTable:
    """One row for each strategy."""
    shown = [i for i in range(len(COLUMNS)) if not report.is_race_only or i in _RACE_COLUMNS]
    rows = tuple(tuple(row[i] for i in shown) for row in (_row(each, report) for each in report.strategies))
    columns = tuple(RACE_LOSS if report.is_race_only and i == 4 else COLUMNS[i] for i in shown)
    title = RACE_TABLE if report.is_race_only else TABLE
    return TextTable(title, columns, tuple(i > 0 for i in shown), rows, note_search_table(report))


def note_search_table(report: SearchReport) -> str:
    """The footnote of the table."""
    scored = [each.interval for own in report.strategies for each in own.findings.trials]
    mark = f" {LOW_CONFIDENCE_NOTE}" if any(interval and not interval.reliable for interval in scored) else ""
    measured = (
        f"Losses are in nats per target token, on {numbers.plural(report.examples, 'validation example')}; in brackets, "
        f"{CONFIDENCE_INTERVAL}s."
    )
    if report.is_race_only:
        return f"{measured}{mark}"
    return (
        f"{measured} “As good as the chosen”: values of trials that are not shown to be worse. “Range near the best”: the share of the "
        f"searched range on which the loss is at most {numbers.share(NEAR_BEST)} above the lowest, as far as the values tried show.{mark}"
    )


def describe_strategy(each: SearchedStrategy, report: SearchReport) -> str:
    """The search of one strategy in one line, for the terminal."""
    chosen = each.findings.chosen
    name = strategy_name(each.label)
    spent = f"{_budget(each.findings, report)}, {numbers.seconds(each.findings.search.spent.seconds)}"
    if each.drop is not None:
        return f"{name}: dropped by the race after {numbers.share(each.drop.share)} of its training ({spent})"
    return f"{name}: {_values(each.findings)}, validation loss {_loss(chosen)} ({spent})"


def title_figure(figure: FieldFigure) -> str:
    """The title of the figure of losses by a field."""
    return f"Validation loss by {name_field(figure.field)}"


def axis_field(figure: FieldFigure) -> str:
    """The axis of a field."""
    return f"{name_field(figure.field)}{' (log scale)' if figure.log else ''}"


def hover_point(line: LossLine, point: LossPoint, field: str) -> str:
    """One trial in the figure."""
    what = f"{strategy_name(line.label)}, trial {point.number}: {name_field(field)} {write_value(point.value)}"
    if point.loss is None:
        return f"{what}: diverged or failed"
    interval = numbers.interval(point.low, point.high, "nats")
    reached = "trained in full" if point.share >= 1 else f"after {numbers.share(point.share)} of its training"
    return (
        f"{what}: {numbers.score(point.loss, 'nats')}{f' ({interval})' if interval else ''}, {reached}{', chosen' if point.chosen else ''}"
    )


def describe_line(line: LossLine) -> str:
    """The losses of one strategy, for screen readers."""
    shown = line.full or line.first
    points = ", ".join(f"{numbers.score(p.loss, 'nats')} at {write_value(p.value)}{' (chosen)' if p.chosen else ''}" for p in shown)
    return f"{strategy_name(line.label)}: {points}."


def describe_progress(report: SearchReport) -> str:
    """The lowest losses at the end, for screen readers."""
    ends = [(each.label, each.findings.progress[-1]) for each in report.strategies if each.findings.progress]
    listed = (f"{strategy_name(label)}: {numbers.score(end.loss, 'nats')} after {numbers.seconds(end.seconds)}" for label, end in ends)
    return f"{'; '.join(listed)}."


def _row(each: SearchedStrategy, report: SearchReport) -> tuple[str, ...]:
    findings = each.findings
    chosen, own = findings.chosen, next((trial for trial in findings.trials if trial.trial.number == 0), None)
    return (
        f"{strategy_name(each.label)}{' (dropped)' if each.drop else ''}",
        numbers.NOTHING if each.drop else _join(findings, lambda field: write_value(field.chosen)),
        _join(findings, lambda field: write_value(field.own)),
        numbers.NOTHING if each.drop else _join(findings, _plausible),
        _loss(chosen),
        "the same" if own is chosen else _loss(own),
        _join(findings, lambda field: numbers.share(field.robust_share)),
        _budget(findings, report, short=True),
        _spent(findings, report),
    )


def _join(findings: SearchFindings, write: Callable[[FieldFinding], str]) -> str:
    """One value per field; the field's name is given where there are several."""
    if len(findings.fields) == 1:
        return write(findings.fields[0])
    return ", ".join(f"{field.name} {write(field)}" for field in findings.fields) or numbers.NOTHING  # nothing of it was searched


def _plausible(field: FieldFinding) -> str:
    if field.range.is_numeric and field.plausible[0] != field.plausible[-1]:
        return f"{write_value(field.plausible[0])} to {write_value(field.plausible[-1])}"
    others = [value for value in field.plausible if value != field.chosen]
    return "no other value" if not others else ", ".join(write_value(value) for value in field.plausible)


def _loss(each: TrialFinding | None) -> str:
    """A loss with its interval, and how far the trial came."""
    if each is None:
        return numbers.NOTHING
    if each.interval is None:
        return each.trial.last.result.status if each.trial.last.result else numbers.NOTHING
    interval = numbers.interval(each.interval.low, each.interval.high, "nats")
    mark = "" if each.interval.reliable else f" {LOW_CONFIDENCE_MARK}"
    partial = "" if each.trial.share >= 1 else f" at {numbers.share(each.trial.share)}"
    return f"{numbers.score(each.trial.loss, 'nats')}{f' ({interval}){mark}' if interval else ''}{partial}"


def _budget(findings: SearchFindings, report: SearchReport, *, short: bool = False) -> str:
    """How much of its budget a search has spent."""
    spec, trials = report.summary.spec, len(findings.trials)
    if spec is not None and spec.most_trials is not None and findings.fields:
        counted = f"{trials} of {spec.most_trials}"
        return counted if short else f"{counted} trials"
    return numbers.count(trials) if short else numbers.plural(trials, "trial")


def _spent(findings: SearchFindings, report: SearchReport) -> str:
    """What a search took, of its budget in hours or money."""
    spent, spec = findings.search.spent, report.summary.spec
    time = numbers.seconds(spent.seconds)
    if spec is not None and spec.hours is not None:
        time = f"{time} of {numbers.seconds(3600 * spec.hours)}"
    if spent.price is None:
        return time
    money = numbers.money(spent.price, spent.currency or "")
    if spec is not None and spec.price is not None:
        money = f"{money} of {numbers.money(spec.price, spent.currency or '')}"
    return f"{time}, {money}"


def _values(findings: SearchFindings) -> str:
    return ", ".join(f"{field.name} {write_value(field.chosen)}" for field in findings.fields) or "own values"
