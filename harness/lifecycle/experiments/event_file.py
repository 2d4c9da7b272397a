"""The events of an experiment, from a file that a service wrote: who, when, which variant, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from harness.data.formats import open_table
from harness.data.records import BadRow, Table, quote
from harness.errors import BenchError, did_you_mean
from harness.lifecycle.experiments.experiment_file import VARIANTS, Experiment, OutcomeSpec, VariantName
from harness.lifecycle.experiments.variant_hash import find_unit_problem
from harness.text import plural

MOST_EVENTS = 5_000_000
_SHOWN_PROBLEMS = 10
_WORDS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
_MISSING = ("", "null", "none", "nan", "na", "n/a")
_FIRST_SECOND, _LAST_SECOND = 946_684_800, 4_102_444_800  # the years 2000 and 2100


@dataclass(frozen=True, slots=True)
class UserEvent:
    """One event. `time` is in seconds since 1970 (UTC); `outcomes` has those that were recorded."""

    time: float
    line: int
    unit: str
    variant: VariantName
    outcomes: Mapping[str, float]


@dataclass(frozen=True)
class EventLog:
    """The events in the order of time, each once.

    Attributes:
        name: of the file.
        doubled: rows that repeat an earlier one, left out.
        out_of_order: rows whose time is before that of the row above.
        unused: columns that are no outcome of the experiment.
    """

    name: str
    events: tuple[UserEvent, ...]
    doubled: int
    out_of_order: int
    unused: tuple[str, ...]


def read_events(path: Path, experiment: Experiment, now: float) -> EventLog:
    """The events of a file (CSV, JSON Lines or another table).

    Args:
        now: seconds since 1970 (UTC); a later event is an error.

    Raises:
        BenchError: the file cannot be read, has no events or lacks a column; or rows with an unknown variant, a time that is none or in
            the future, an outcome outside its bounds, or one event with two contents: the first ten, each with its line.
    """
    reader = _Reader(open_table(path), experiment, now)
    for row in reader.table.rows():
        reader.add(row)
    return reader.finish()


class _Reader:
    """Collects the events and problems of a table."""

    def __init__(self, table: Table, experiment: Experiment, now: float) -> None:
        self.table = table
        self._experiment = experiment
        self._now = now
        self._events: list[UserEvent] = []
        self._problems: list[str] = []
        self._problem_count = 0
        self._seen: dict[int | str, int] = {}  # by the event's name, or the hash of its content: that hash
        self._columns: dict[str, None] = {}
        self._doubled = self._out_of_order = 0
        self._latest_line_time = -math.inf

    def add(self, row: Any) -> None:
        """Take a row: an event, a repetition of one, or a problem."""
        if isinstance(row, BadRow):
            self._report(f"{row.location}: {row.reason}")
            return
        if len(self._events) >= MOST_EVENTS:
            raise BenchError(f"{self.table.name}: has more than {MOST_EVENTS:,} events, the limit. Leave out columns and older events")
        if not self._columns:
            self._check_columns(row.values)
        self._columns.update(dict.fromkeys(row.values))
        try:
            event = self._parse(row.line, row.values)
            is_new = self._is_new(row.values)
        except ValueError as error:
            self._report(f"{self.table.location(row.line)}: {error}")
            return
        if not is_new:
            self._doubled += 1
            return
        self._out_of_order += event.time < self._latest_line_time
        self._latest_line_time = event.time
        self._events.append(event)

    def finish(self) -> EventLog:
        """The log, or every problem."""
        if self._problems:
            more = self._problem_count - len(self._problems)
            raise BenchError([*self._problems, *([f"{self.table.name}: {plural(more, 'more problem')} of this kind"] if more else [])])
        if not self._events:
            raise BenchError(f"{self.table.name}: has no events. Each row needs {_list_columns(self._experiment)}")
        missing = next((each.name for each in self._experiment.outcomes if each.name not in self._columns), None)
        if missing:
            raise BenchError(f"{self.table.name}: has no column '{missing}'.{did_you_mean(missing, self._columns)}")
        known = {"time", "unit", "variant", "event", *(each.name for each in self._experiment.outcomes)}
        ordered = sorted(self._events, key=lambda event: (event.time, event.line))
        unused = tuple(column for column in self._columns if column not in known)
        return EventLog(self.table.name, tuple(ordered), self._doubled, self._out_of_order, unused)

    def _check_columns(self, values: Mapping[str, Any]) -> None:
        for column in ("time", "unit", "variant"):
            if column not in values:
                raise BenchError(
                    f"{self.table.name}: has no column '{column}'.{did_you_mean(column, values)} "
                    f"Each event needs {_list_columns(self._experiment)}"
                )

    def _parse(self, line: int, values: Mapping[str, Any]) -> UserEvent:
        time = _parse_time(values.get("time"))
        if time > self._now:
            raise ValueError(f"time: {quote(values.get('time'))} is in the future")
        unit = values.get("unit")
        if isinstance(unit, bool) or not isinstance(unit, str | int):
            raise ValueError(f"unit: must be text or a whole number, not {quote(unit)}")
        if problem := find_unit_problem(str(unit)):
            raise ValueError(f"unit: {problem}")
        variant = values.get("variant")
        if variant not in VARIANTS:
            raise ValueError(f"variant: must be 'champion' or 'challenger', not {quote(variant)}")
        outcomes = {}
        for each in self._experiment.outcomes:
            value = _parse_outcome(values.get(each.name), each)
            if value is not None:
                outcomes[each.name] = value
        return UserEvent(time, line, str(unit), variant, outcomes)

    def _is_new(self, values: Mapping[str, Any]) -> bool:
        """Whether a row is no repetition. Rows with the same `event` are one; without that column, rows that are equal in everything, if
        their time has a time of day: a user may have two equal answers on one day."""
        content = hash(tuple(sorted((str(key), str(value)) for key, value in values.items())))
        identifier = values.get("event")
        if identifier in (None, "") and not _has_time_of_day(values.get("time")):
            return True
        key = content if identifier in (None, "") else str(identifier)
        if key not in self._seen:
            self._seen[key] = content
            return True
        if self._seen[key] != content:
            raise ValueError(f"event: {quote(identifier)} is in the file twice, with different values. Name each event differently")
        return False

    def _report(self, problem: str) -> None:
        self._problem_count += 1
        if len(self._problems) < _SHOWN_PROBLEMS:
            self._problems.append(problem)


def _parse_time(value: object) -> float:
    """Seconds since 1970 of an ISO 8601 time (UTC where it names no zone) or of Unix seconds."""
    if isinstance(value, date | str):
        text = str(value).strip()
        number = _as_number(text)
        if number is not None:
            return _check_seconds(number, value)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"time: must be like 2026-12-01T08:30:00Z, not {quote(value)}") from None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return _check_seconds(value, value)
    else:
        raise ValueError(f"time: must be like 2026-12-01T08:30:00Z, not {quote(value)}")
    try:
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError):
        raise ValueError(f"time: {quote(value)} is no time") from None
    return _check_seconds(seconds, value)


def _check_seconds(seconds: float, value: object) -> float:
    if not _FIRST_SECOND <= seconds < _LAST_SECOND:
        raise ValueError(f"time: must be between 2000 and 2100, as 2026-12-01T08:30:00Z or in seconds since 1970, not {quote(value)}")
    return float(seconds)


def _has_time_of_day(value: object) -> bool:
    return not isinstance(value, date | str) or len(str(value).strip()) > len("2026-12-01")


def _parse_outcome(value: object, outcome: OutcomeSpec) -> float | None:
    """The value of an outcome; None where it was not recorded."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        text = value.strip().lower()
        if text in _MISSING:
            return None
        number = _WORDS.get(text, _as_number(text))
    else:
        number = float(value) if isinstance(value, int | float) and abs(value) < 1e300 else None
    if number is None:
        raise ValueError(f"{outcome.name}: must be a number, not {quote(value)}")
    if not outcome.low <= number <= outcome.high:
        raise ValueError(
            f"{outcome.name}: must be from {outcome.low:g} to {outcome.high:g}, as the experiment declares, not {quote(value)}"
        )
    return number


def _as_number(text: str) -> float | None:
    if not text.isascii() or "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _list_columns(experiment: Experiment) -> str:
    outcomes = ", ".join(each.name for each in experiment.outcomes)
    return f"the columns time, unit, variant and {outcomes}"
