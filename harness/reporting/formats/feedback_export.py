"""What users say about the answers of a task, for programs and tickets: JSON and Markdown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.lifecycle.feedback import FeedbackChange, FeedbackNumber, FeedbackSummary, MeasuredFeedback, PeriodFeedback
from harness.reporting.formats.markdown import escape_markdown
from harness.reporting.wording import feedback_sentences
from harness.statistics import Interval


def feedback_to_json(summary: FeedbackSummary) -> dict[str, Any]:
    """Every number with its interval, over all answers, over time, by subgroup and for each model in service."""
    return {
        "task": summary.task,
        "headline": feedback_sentences.describe_headline(summary),
        "answers": summary.answers,
        "independent_units": summary.by or "answer",
        "first_day": summary.first.isoformat() if summary.first else None,
        "last_day": summary.last.isoformat() if summary.last else None,
        "all": _measured(summary.all),
        "step": summary.step,
        "steps": [{"first_day": each.first.isoformat(), **_measured(each.measured)} for each in summary.steps],
        "slices": [{"column": each.column, "value": each.value, **_measured(each.measured)} for each in summary.slices],
        "hidden_values": dict(summary.hidden_values),
        "periods": [_period(each) for each in summary.periods],
        "outside": summary.outside,
        "complaints": {**summary.complaints, "without_inputs": summary.without_inputs},
        "notes": feedback_sentences.list_notes(summary),
    }


def feedback_to_markdown(summary: FeedbackSummary) -> str:
    """The numbers as tables, for a pull request or a ticket."""
    lines = [f"## {escape_markdown(feedback_sentences.title_page(summary.task))}", ""]
    lines += [escape_markdown(feedback_sentences.describe_headline(summary))]
    tables = (
        feedback_sentences.build_promotion_table(summary),
        feedback_sentences.build_total_table(summary) if summary.answers else None,
        feedback_sentences.build_time_table(summary),
        feedback_sentences.build_slice_table(summary),
    )
    for table in filter(None, tables):
        lines += ["", f"### {table.title}", "", f"| {' | '.join(table.columns)} |"]
        lines += [f"|{'|'.join(' ---: ' if each else ' --- ' for each in table.numeric)}|"]
        lines += [f"| {' | '.join(escape_markdown(cell, 200) for cell in row)} |" for row in table.rows]
        lines += ["", table.under] if table.under else []
    notes = [f"- {escape_markdown(note)}" for note in feedback_sentences.list_notes(summary)]
    return "\n".join([*lines, "", *notes]).rstrip() + "\n"


def _period(period: PeriodFeedback) -> dict[str, Any]:
    return {
        "model": asdict(period.period),
        "until": period.until,
        **_measured(period.measured),
        "changes": [_change(each) for each in period.changes],
    }


def _measured(measured: MeasuredFeedback) -> dict[str, Any]:
    return {"answers": measured.answers, "numbers": {each.name: _number(each) for each in measured.numbers}}


def _number(number: FeedbackNumber) -> dict[str, Any]:
    return {"value": number.value, "count": number.count, **_interval(number.interval)}


def _change(change: FeedbackChange) -> dict[str, Any]:
    return {"name": change.name, "difference": change.difference, "direction": change.direction, **_interval(change.interval)}


def _interval(interval: Interval) -> dict[str, Any]:
    return {
        "low": interval.low,
        "high": interval.high,
        "n": interval.n,
        "units": interval.units,
        "method": interval.method,
        "reliable": interval.reliable,
        "reason": interval.reason,
    }
