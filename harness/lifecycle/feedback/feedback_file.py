"""Feedback from a file or from rows in memory: every row is read, or every problem is named with its line and field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.data.formats import open_table
from harness.data.records import BadRow, BadRowError, check_texts, quote
from harness.errors import BenchError
from harness.lifecycle.feedback.annotation_tools import flatten_argilla, flatten_label_studio, is_label_studio
from harness.lifecycle.feedback.answer_feedback import AnswerFeedback
from harness.lifecycle.feedback.row_parser import RowContext, RowParser
from harness.review import is_argilla_record
from harness.text import plural

MOST_ROWS = 1_000_000
_SHOWN_PROBLEMS = 10


@dataclass(frozen=True)
class FeedbackRows:
    """What was read.

    Attributes:
        name: of the file.
        unanswered: rows in which nothing was answered, left out.
        out_of_order: rows whose time is before that of the row above.
        unused: columns that were not read.
    """

    name: str
    feedback: tuple[AnswerFeedback, ...]
    unanswered: int
    out_of_order: int
    unused: tuple[str, ...]


def read_feedback_file(path: Path, context: RowContext, answers: Mapping[str, Mapping[str, Any]] | None = None) -> FeedbackRows:
    """The feedback of a file: a table (CSV, JSON Lines, …), Label Studio's JSON or Argilla's JSON.

    Args:
        answers: the columns of each answer by its id, which complete the row; an id that is not among them is a problem.

    Raises:
        BenchError: the file cannot be read or has no rows; or the first ten problems, each with its line and field.
    """
    table = open_table(path)
    rows = ((row.location, row.reason) if isinstance(row, BadRow) else (table.location(row.line), row.values) for row in table.rows())
    return _read(table.name, rows, context, answers)


def read_feedback_rows(
    rows: Iterable[Mapping[str, Any]], context: RowContext, answers: Mapping[str, Mapping[str, Any]] | None = None
) -> FeedbackRows:
    """The feedback of rows in memory, values by column.

    Raises:
        BenchError: as `read_feedback_file`.
    """
    return _read("feedback", ((f"feedback: row {number}", row) for number, row in enumerate(rows, 1)), context, answers)


def read_answers(path: Path) -> dict[str, Mapping[str, Any]]:
    """The columns of each answer of a file that `bench predict` has written, by its id.

    Raises:
        BenchError: the file cannot be read, a row has no id, or an id occurs twice.
    """
    table = open_table(path)
    answers: dict[str, Mapping[str, Any]] = {}
    for row in table.rows():
        if isinstance(row, BadRow):
            raise BenchError(str(row))
        id_ = row.values.get("id")
        if not isinstance(id_, str | int) or isinstance(id_, bool):
            raise BenchError(f"{table.location(row.line)}: id: must be the id of the answer, not {quote(id_)}")
        if str(id_) in answers:
            raise BenchError(f"{table.location(row.line)}: id: {quote(id_)} is in the file twice. Each answer needs an id of its own")
        if len(answers) >= MOST_ROWS:
            raise BenchError(f"{table.name}: has more than {MOST_ROWS:,} rows, the limit")
        answers[str(id_)] = row.values
    return answers


def _read(name: str, rows: Iterable[tuple[str, Any]], context: RowContext, answers: Mapping[str, Mapping[str, Any]] | None) -> FeedbackRows:
    reader = _Reader(name, context, answers)
    for location, values in rows:
        reader.add(location, values)
    return reader.finish()


class _Reader:
    """Collects the feedback and the problems of rows."""

    def __init__(self, name: str, context: RowContext, answers: Mapping[str, Mapping[str, Any]] | None) -> None:
        self._name, self._context, self._answers = name, context, answers
        self._parser = RowParser(context)
        self._feedback: list[AnswerFeedback] = []
        self._problems: list[str] = []
        self._problem_count = self._unanswered = self._out_of_order = self._rows = 0
        self._columns: dict[str, None] = {}
        self._last: datetime | None = None

    def add(self, location: str, values: Mapping[str, Any] | str) -> None:
        """Take a row; a text is why it cannot be read."""
        self._rows += 1
        if self._rows > MOST_ROWS:
            raise BenchError(f"{self._name}: has more than {MOST_ROWS:,} rows, the limit. Add it in parts")
        if isinstance(values, str):
            self._report(location, values)
            return
        try:
            check_texts(values)
            before = self._rows, len(self._feedback)
            for row in self._flatten(values):
                self._parse(row)
            self._unanswered += before[1] == len(self._feedback)
        except (ValueError, BadRowError) as error:
            self._report(location, str(error))

    def finish(self) -> FeedbackRows:
        """What was read, or every problem."""
        if self._problems:
            more = self._problem_count - len(self._problems)
            raise BenchError([*self._problems, *([f"{self._name}: {plural(more, 'more problem')} of this kind"] if more else [])])
        if not self._rows:
            raise BenchError(f"{self._name}: has no rows. Each needs the columns id and verdict")
        unused = tuple(column for column in self._columns if column not in self._context.known_columns)
        return FeedbackRows(self._name, tuple(self._feedback), self._unanswered, self._out_of_order, unused)

    def _flatten(self, values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        if is_label_studio(values):
            return flatten_label_studio(values)
        if is_argilla_record(values):
            return flatten_argilla(values)
        return iter((values,))

    def _parse(self, row: Mapping[str, Any]) -> None:
        self._columns.update(dict.fromkeys(row))
        feedback = self._parser.parse(row if self._answers is None else self._complete(row, self._answers))
        if feedback is None:
            return
        if feedback.is_dated:
            self._out_of_order += self._last is not None and feedback.moment < self._last
            self._last = feedback.moment
        self._feedback.append(feedback)

    def _complete(self, row: Mapping[str, Any], answers: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
        """The row with the columns of its answer where its own are empty."""
        id_ = row.get(self._context.columns.get("id", "id"))
        if id_ in (None, ""):
            return row
        answer = answers.get(str(id_).strip())
        if answer is None:
            raise ValueError(f"id: {quote(id_)} is no answer of the file of answers")
        return {**answer, **{column: value for column, value in row.items() if value not in (None, "")}}

    def _report(self, location: str, problem: str) -> None:
        self._problem_count += 1
        if len(self._problems) < _SHOWN_PROBLEMS:
            self._problems.append(f"{location}: {problem}")
