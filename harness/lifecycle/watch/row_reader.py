"""New rows from a file: inputs as the task maps them, and what else a row may have: an output, a label, feedback, a date."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from harness.data import NewRows, load_inputs
from harness.data.records import quote
from harness.errors import BenchError, did_you_mean, setting
from harness.lifecycle.user_verdicts import KNOWN_WORDS, VERDICT_VALUES, parse_user_verdict
from harness.lifecycle.watch.row_scorer import RowScorer
from harness.lifecycle.watch.watched_rows import WatchedRow, name_keys
from harness.types import Example, Prediction, Task

_FEEDBACK_COLUMNS = ("accepted", "feedback", "rating")
_FIRST_DAY = date(2000, 1, 1)


@dataclass(frozen=True)
class RowColumns:
    """The columns that hold more than the task knows of. None: the usual name, where the file has it.

    Attributes:
        date: usually "date"; without one, all rows are of today.
        output: usually "output".
        feedback: usually "accepted", "feedback" or "rating".
    """

    date: str | None = None
    output: str | None = None
    feedback: str | None = None


def read_watched_rows(
    task: Task,
    path: Path,
    *,
    fields: Mapping[str, str],
    columns: RowColumns,
    reference: Sequence[Example],
    scorer: RowScorer,
    salt: str,
    today: date,
    predictions: Mapping[str, Prediction] | None = None,
) -> list[WatchedRow]:
    """All rows of a file.

    Args:
        fields: role to column, where the mapping differs from the task's own.
        reference: the test examples, which show the inputs that every row needs.
        predictions: answers of the model in service by the id of the example, for rows without an output.

    Raises:
        BenchError: a defect of the file, the mapping or a row; a column that does not exist; a date that cannot be read, or lies ahead.
    """
    rows = load_inputs(task, path, fields=fields)
    _check_inputs(rows, reference, path.name)
    present = list(dict.fromkeys(name for values in rows.columns for name in values))
    target = {**task.data.fields, **fields}.get("target", "target")
    dates = _choose(columns.date, ("date",), present, "date_column", path.name)
    outputs = _choose(columns.output, () if target == "output" else ("output",), present, "output", path.name)
    feedback = _choose(columns.feedback, _FEEDBACK_COLUMNS, present, "feedback", path.name)
    has_id = ({**task.data.fields, **fields}.get("id") or "id") in present
    contents = [
        json.dumps(
            [example.id if has_id else "", sorted(example.inputs.items()), str(values.get(dates, "")) if dates else ""], ensure_ascii=False
        )
        for example, values in zip(rows.examples, rows.columns, strict=True)
    ]
    watched = []
    for number, (example, values, key) in enumerate(zip(rows.examples, rows.columns, name_keys(contents, salt), strict=True), 1):
        place = f"{path.name}: row {number}"
        output = values.get(outputs) if outputs else None
        prediction = scorer.read_output(example, output) if isinstance(output, str) else (predictions or {}).get(example.id)
        row = WatchedRow(
            replace(example, choices=scorer.labels),
            day=(_read_day(values.get(dates), place, str(dates), today) if dates else today).toordinal(),
            key=key,
            prediction=prediction,
            feedback=_read_feedback(values.get(feedback), place, str(feedback)) if feedback else None,
        )
        watched.append(scorer.score(row))
    return watched


def _check_inputs(rows: NewRows, reference: Sequence[Example], name: str) -> None:
    """Every input that all test examples have must be there."""
    needed = set.intersection(*(set(example.inputs) for example in reference)) if reference else set()
    problems = []
    for role in sorted(needed):
        lacking = sum(role not in example.inputs for example in rows.examples)
        if lacking:
            present = ", ".join(dict.fromkeys(column for values in rows.columns for column in values))
            problems.append(
                f"{name}: {lacking:,} of {len(rows.examples):,} rows have no '{role}'. "
                f"Name its column: {setting(f'fields.{role}', 'COLUMN')}. Columns: {present}"
            )
    if problems:
        raise BenchError(problems)


def _choose(named: str | None, usual: Sequence[str], present: Sequence[str], option: str, file: str) -> str | None:
    if named is not None and named not in present:
        raise BenchError(f"{file}: {setting(option, named)}: there is no such column.{did_you_mean(named, present)}")
    return named or next((name for name in usual if name in present), None)


def _read_day(value: Any, place: str, column: str, today: date) -> date:
    """The day of a row.

    Raises:
        BenchError: it cannot be read, is later than tomorrow (a clock may be ahead), or is before 2000 (a clock was never set).
    """
    day: date | None = None
    if isinstance(value, datetime):
        day = value.date()
    elif isinstance(value, date):
        day = value
    elif isinstance(value, str):
        try:
            day = datetime.fromisoformat(value.strip()).date()
        except ValueError:
            day = None
    if day is None:
        raise BenchError(f"{place}: column '{column}' is {quote(value)}, which is no date. Write dates as 2026-01-31, or 2026-01-31T16:45")
    if day < _FIRST_DAY:
        raise BenchError(f"{place}: column '{column}' is {quote(value)}, which is before {_FIRST_DAY.year}. Correct the date")
    if day > today + timedelta(days=1):
        raise BenchError(f"{place}: column '{column}' is {quote(value)}, which lies ahead: today is {today.isoformat()}. Correct the date")
    return day


def _read_feedback(value: Any, place: str, column: str) -> float | None:
    """Feedback as a number, the higher the better; None without feedback.

    Raises:
        BenchError: it is neither a number nor a known word.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, bool | int | float):
        number = float(value)
    else:
        verdict = parse_user_verdict(str(value))
        try:
            number = float(str(value)) if verdict is None else VERDICT_VALUES[verdict]
        except ValueError:
            number = math.nan
    if not math.isfinite(number):
        known = ", ".join(KNOWN_WORDS)
        raise BenchError(f"{place}: column '{column}' is {quote(value)}, which is no feedback. Write a number, or one of {known}")
    return number
