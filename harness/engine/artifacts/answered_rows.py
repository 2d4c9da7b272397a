"""Answers to new rows, for people and programs: dictionaries, JSON lines, or CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.metrics.labels import normalize_likelihoods
from harness.results import FinishedCell
from harness.text import escape_formula
from harness.types import Example, Prediction

# The columns of an answer.
_ANSWER = frozenset({"output", "answer", "finish", "label", "probabilities", "truncated"})


@dataclass(frozen=True)
class AnsweredRow:
    """A row and the model's answer to it.

    Attributes:
        columns: the row as it was read, by column.
        truncated: whether the input was cut to fit the model.
    """

    example: Example
    columns: Mapping[str, Any]
    prediction: Prediction
    truncated: bool

    def to_dict(self) -> dict[str, Any]:
        """The id, the columns of the row, and the answer.

        `output` is what the model wrote. Where text is generated, `answer` is the part that is scored, and `finish` is what ended the
        output ("length": it reached the limit). Where a label is chosen, `label` is the label, and `probabilities` has a value for every
        label; they sum to 1. `truncated` tells whether the input was cut to fit. A column of the row that has one of these names is called
        `input.NAME`.
        """
        return self.given() | self.answer()

    def given(self) -> dict[str, Any]:
        """The part of `to_dict` that was read."""
        given: dict[str, Any] = {"id": self.example.id}
        for name, value in self.columns.items():
            is_taken = name in _ANSWER or (name == "id" and str(value) != self.example.id)
            given[f"input.{name}" if is_taken else name] = value
        return given | {"id": self.example.id}

    def answer(self) -> dict[str, Any]:
        """The part of `to_dict` that the model answered."""
        prediction = self.prediction
        answer: dict[str, Any] = {"output": prediction.output}
        if prediction.label_logprobs:
            probabilities = normalize_likelihoods(prediction.label_logprobs)
            answer |= {"label": prediction.answer, "probabilities": dict(zip(self.example.choices, probabilities, strict=True))}
        else:
            answer |= {"answer": prediction.answer, "finish": prediction.finish}
        return answer | {"truncated": self.truncated}

    def to_json_line(self) -> str:
        """One JSON object and a line end, see `row_to_json_line`."""
        return row_to_json_line(self.to_dict())


@dataclass(frozen=True)
class PredictionTable:
    """The answers of a finished cell's model to new rows, in the order of the rows."""

    finished: FinishedCell
    answered: tuple[AnsweredRow, ...]

    def __len__(self) -> int:
        return len(self.answered)

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary per row; see `AnsweredRow.to_dict`."""
        return [row.to_dict() for row in self.answered]

    @property
    def truncated(self) -> int:
        """The number of rows whose input was cut to fit."""
        return sum(row.truncated for row in self.answered)

    def to_jsonl(self) -> str:
        """One JSON object per line. Characters that control a terminal, or are invisible in it, are escaped."""
        return "".join(row.to_json_line() for row in self.answered)

    def to_csv(self) -> str:
        """A table with a header: the columns of the rows, then those of the answers."""
        rows = [(row.given(), row.answer()) for row in self.answered]
        return rows_to_csv([given | answer for given, answer in rows], first=[given for given, _ in rows])

    def text(self, out: Path) -> str:
        """The table in the format that the file's extension names: CSV for .csv, else JSON lines."""
        return self.to_csv() if out.suffix.lower() == ".csv" else self.to_jsonl()


def row_to_json_line(row: Mapping[str, Any]) -> str:
    """One JSON object and a line end. Characters that control a terminal, or are invisible in it, are escaped; NaN is null."""
    text = json.dumps(_without_nan(row), ensure_ascii=False, allow_nan=False)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text) + "\n"


def rows_to_csv(rows: Sequence[Mapping[str, Any]], *, first: Sequence[Mapping[str, Any]] = ()) -> str:
    """A table with a header. A text that a spreadsheet would read as a formula gets a leading '.

    Args:
        first: rows whose columns come first.
    """
    flat = [dict(_flatten(row)) for row in rows]
    names = list(dict.fromkeys(name for row in (*(dict(_flatten(row)) for row in first), *flat) for name in row))
    text = io.StringIO()
    writer = csv.writer(text)  # ends lines with CRLF: with another ending, a carriage return in a text would not be quoted
    writer.writerow([_cell_text(name) for name in names])
    for row in flat:
        writer.writerow([_cell_text(row.get(name)) for name in names])
    return text.getvalue()


def _flatten(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The row without nested values: each label's probability has a column of its own, others are written as JSON."""
    for name, value in row.items():
        if name == "probabilities" and "label" in row:
            yield from ((f"probability of {label}", likelihood) for label, likelihood in value.items())
            continue
        yield name, json.dumps(_without_nan(value), ensure_ascii=False) if isinstance(value, dict | list) else value


def _cell_text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape_formula(value) if isinstance(value, str) else value


def _without_nan(value: Any) -> Any:
    """The value with null for NaN, which JSON cannot hold: data frames use it for "missing"."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {name: _without_nan(item) for name, item in value.items()}
    return [_without_nan(item) for item in value] if isinstance(value, list | tuple) else value
