"""A row of a form, of a table or of a tool as feedback: which column holds what, and which values are possible."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from harness.data.records import join_names, quote
from harness.errors import did_you_mean
from harness.lifecycle.feedback.answer_feedback import (
    FIRST_DAY,
    MOST_ID_CHARACTERS,
    MOST_MINUTES,
    MOST_REASON_CHARACTERS,
    MOST_TEXT_CHARACTERS,
    RATINGS,
    AnswerFeedback,
)
from harness.lifecycle.user_verdicts import USER_VERDICTS, UserVerdict, parse_user_verdict

# The columns of each role, in the order in which they are tried. `time` and `unit` are those of the events of an A/B test.
USUAL_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id",),
    "verdict": ("verdict", "feedback"),
    "output": ("output",),
    "corrected": ("corrected",),
    "reason": ("reason",),
    "minutes": ("minutes",),
    "rating": ("rating",),
    "user": ("user", "unit"),
    "date": ("date", "time"),
    "model": ("model",),
    "group": ("group",),
}
# Without a verdict, columns with yes or no, as the outcomes of an A/B test: the first that says yes decides.
_YES_OR_NO: tuple[UserVerdict, ...] = ("complaint", "rejected", "edited", "accepted")
_MISSING = ("", "null", "none", "nan", "na", "n/a")


@dataclass(frozen=True)
class RowContext:
    """What a row is read with.

    Attributes:
        columns: by role, the column where it is not a usual one; roles are those of `USUAL_COLUMNS` and the inputs.
        inputs: the inputs that the model needs, with their columns.
        slice_columns: the columns that divide the rates.
        labels: from which the answer is chosen; empty if it is written.
        today: later days than tomorrow are errors.
        find_model: the digest of a named model; raises ValueError for an unknown one.
        hash_user: the hash under which a user is stored.
    """

    columns: Mapping[str, str]
    inputs: Mapping[str, str]
    slice_columns: Sequence[str]
    labels: Sequence[str]
    today: date
    find_model: Callable[[str], str]
    hash_user: Callable[[str], str]
    model: str = ""
    known_columns: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        usual = (name for names in USUAL_COLUMNS.values() for name in names)
        known = {*usual, *self.columns.values(), *self.inputs.values(), *self.slice_columns, *_YES_OR_NO, "event", "variant"}
        object.__setattr__(self, "known_columns", frozenset(known))


class RowParser:
    """Turns rows into feedback."""

    def __init__(self, context: RowContext) -> None:
        self._context = context

    def parse(self, values: Mapping[str, Any]) -> AnswerFeedback | None:
        """The feedback of a row; None for a row with an id in which nothing was answered.

        Raises:
            ValueError: a value that is impossible; the message begins with its role.
        """
        context = self._context
        id_ = self._read_text(values, "id", MOST_ID_CHARACTERS)
        if id_ is None:
            raise ValueError("id: is missing. Each row needs the id of the answer")
        verdict = self._read_verdict(values)
        rating, minutes = self._read_number(values, "rating", *RATINGS), self._read_number(values, "minutes", 0.0, MOST_MINUTES)
        corrected = self._read_text(values, "corrected", MOST_TEXT_CHARACTERS)
        if verdict is None and rating is None and minutes is None:
            if corrected is not None:
                raise ValueError(f"verdict: is missing beside a corrected text. Write one of {join_names(USER_VERDICTS)}")
            return None
        if corrected is not None and context.labels and corrected not in context.labels:
            near = did_you_mean(corrected[:80], context.labels)
            raise ValueError(f"corrected: {quote(corrected)} is not one of the task's labels.{near}")
        day = self._read_day(values)
        user = self._read_text(values, "user", 1000)
        return AnswerFeedback(
            id_,
            verdict,
            at=day or context.today.isoformat(),
            is_dated=day is not None,
            model=self._read_model(values),
            output=self._read_text(values, "output", MOST_TEXT_CHARACTERS),
            corrected=corrected,
            reason=self._read_text(values, "reason", MOST_REASON_CHARACTERS) or "",
            minutes=minutes,
            rating=rating,
            user=None if user is None else context.hash_user(user),
            group=self._read_text(values, "group", 1000),
            inputs=self._read_inputs(values),
            slices=self._read_slices(values),
        )

    def _get(self, values: Mapping[str, Any], role: str) -> Any:
        """The value of a role; None where it is missing or empty."""
        named = self._context.columns.get(role)
        columns = (named,) if named is not None else USUAL_COLUMNS[role]
        return next((value for column in columns if not _is_missing(value := values.get(column))), None)

    def _read_text(self, values: Mapping[str, Any], role: str, most: int) -> str | None:
        value = self._get(values, role)
        return None if value is None else _to_text(value, role, most)

    def _read_verdict(self, values: Mapping[str, Any]) -> UserVerdict | None:
        value = self._get(values, "verdict")
        if value is None:
            return self._read_answers(values)
        verdict = parse_user_verdict(str(value)) if isinstance(value, str | bool) else None
        if verdict is None:
            raise ValueError(f"verdict: must be one of {join_names(USER_VERDICTS)}, not {quote(value)}")
        return verdict

    def _read_answers(self, values: Mapping[str, Any]) -> UserVerdict | None:
        """The verdict of columns with yes or no; no acceptance alone is a rejection."""
        answers: dict[UserVerdict, bool] = {}
        for column in _YES_OR_NO:
            value = values.get(column)
            if _is_missing(value):
                continue
            word = parse_user_verdict({"0": "no", "1": "yes", "0.0": "no", "1.0": "yes"}.get(str(value).strip(), str(value)))
            if word not in ("accepted", "rejected"):
                raise ValueError(f"{column}: must be yes or no, or 1 or 0, not {quote(value)}")
            answers[column] = word == "accepted"
        return next((column for column, is_yes in answers.items() if is_yes), "rejected" if "accepted" in answers else None)

    def _read_number(self, values: Mapping[str, Any], role: str, low: float, high: float) -> float | None:
        value = self._get(values, role)
        if value is None:
            return None
        try:
            number = math.nan if isinstance(value, bool) or "_" in str(value) else float(str(value))
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            raise ValueError(f"{role}: must be a number from {low:g} to {high:g}, not {quote(value)}")
        return number

    def _read_day(self, values: Mapping[str, Any]) -> str | None:
        """The day as "2026-03-01", a time as "2026-03-01T10:20:30Z": in UTC, also where it names no zone."""
        value = self._get(values, "date")
        if value is None:
            return None
        moment = _parse_time(value)
        if not FIRST_DAY <= moment.date() <= self._context.today + timedelta(days=1):
            when = "lies ahead" if moment.date() >= FIRST_DAY else "is before 2000"
            raise ValueError(f"date: {quote(value)} {when}; today is {self._context.today.isoformat()}. Correct the date")
        is_day = isinstance(value, str) and len(value.strip()) <= len("2026-03-01") and not _is_number(value)
        is_day = is_day or (isinstance(value, date) and not isinstance(value, datetime))
        return moment.date().isoformat() if is_day else moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _read_model(self, values: Mapping[str, Any]) -> str:
        name = self._read_text(values, "model", 1000) or self._context.model
        try:
            return self._context.find_model(name) if name else ""
        except ValueError as error:
            raise ValueError(f"model: {error}") from None

    def _read_inputs(self, values: Mapping[str, Any]) -> dict[str, str]:
        """The inputs of the model; none where the row does not have all of them."""
        values_by_input = {name: _reach(values, column) for name, column in self._context.inputs.items()}
        if any(_is_missing(value) for value in values_by_input.values()):
            return {}
        return {name: _to_text(value, name, MOST_TEXT_CHARACTERS) for name, value in values_by_input.items()}

    def _read_slices(self, values: Mapping[str, Any]) -> dict[str, str]:
        present = {column: values.get(column) for column in self._context.slice_columns}
        return {column: _to_text(value, column, MOST_ID_CHARACTERS) for column, value in present.items() if not _is_missing(value)}


def _is_missing(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in _MISSING
    return value is None or (isinstance(value, float) and math.isnan(value))


def _to_text(value: object, role: str, most: int) -> str:
    if not isinstance(value, str | int | float):
        raise ValueError(f"{role}: must be text, not {quote(value)}")
    text = value.strip() if role == "id" and isinstance(value, str) else str(value)
    if len(text) > most:
        raise ValueError(f"{role}: has {len(text):,} characters; at most {most:,} are allowed")
    return text


def _reach(values: Mapping[str, Any], column: str) -> Any:
    """The value of a column; a dot reaches into nested values, as in a task."""
    if column in values:
        return values[column]
    value: Any = values
    for name in column.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _is_number(value: object) -> bool:
    try:
        return math.isfinite(float(str(value)))
    except ValueError:
        return False


def _parse_time(value: object) -> datetime:
    """A time in UTC, from ISO 8601 or seconds since 1970.

    Raises:
        ValueError: it is neither.
    """
    try:
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, date):
            moment = datetime(value.year, value.month, value.day)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value, UTC)
        elif _is_number(value) and "_" not in str(value) and len(str(value).strip()) != len("20260301"):
            moment = datetime.fromtimestamp(float(str(value)), UTC)
        else:
            moment = datetime.fromisoformat(str(value).strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"date: {quote(value)} is no date. Write dates as 2026-03-01, or 2026-03-01T16:45:00Z") from None
