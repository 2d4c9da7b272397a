"""Predictions for new examples as a file: JSON lines, or CSV for a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engine.prompts import EncodedPrompt
from harness.metrics.labels import normalize_likelihoods
from harness.results import FinishedCell
from harness.text import escape_formula
from harness.types import Example, Prediction


@dataclass(frozen=True)
class PredictionTable:
    """The predictions of a finished cell's model for new examples, in their order."""

    finished: FinishedCell
    examples: tuple[Example, ...]
    prompts: tuple[EncodedPrompt, ...]
    predictions: tuple[Prediction, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary per example.

        `output` is what the model wrote. Where text is generated, `answer` is the part that is scored, and `finish` is what ended the
        output ("length": it reached the limit). Where a label is chosen, `label` is the label, and `probabilities` has a value for every
        label; they sum to 1. `truncated` tells whether the input was cut to fit.
        """
        return [_row(*row) for row in zip(self.examples, self.prompts, self.predictions, strict=True)]

    @property
    def truncated(self) -> int:
        """The number of examples whose input was cut to fit."""
        return sum(prompt.truncated for prompt in self.prompts)

    def to_jsonl(self) -> str:
        """One JSON object per line. Characters that control a terminal, or are invisible in it, are escaped."""
        return "".join(_printable(json.dumps(row, ensure_ascii=False, allow_nan=False)) + "\n" for row in self.rows())

    def to_csv(self) -> str:
        """A table with a header. A text that a spreadsheet would read as a formula gets a leading '."""
        rows = [_flat(row) for row in self.rows()]
        text = io.StringIO()
        writer = csv.writer(text)  # ends lines with CRLF: with another ending, a carriage return in a text would not be quoted
        writer.writerow([_cell_text(name) for name in rows[0]])
        writer.writerows([[_cell_text(value) for value in row.values()] for row in rows])
        return text.getvalue()

    def text(self, out: Path) -> str:
        """The table in the format that the file's extension names: CSV for .csv, else JSON lines."""
        return self.to_csv() if out.suffix.lower() == ".csv" else self.to_jsonl()


def _row(example: Example, prompt: EncodedPrompt, prediction: Prediction) -> dict[str, Any]:
    row: dict[str, Any] = {"id": example.id, "output": prediction.output}
    if prediction.label_logprobs:
        probabilities = normalize_likelihoods(prediction.label_logprobs)
        row |= {"label": prediction.answer, "probabilities": dict(zip(example.choices, probabilities, strict=True))}
    else:
        row |= {"answer": prediction.answer, "finish": prediction.finish}
    return row | {"truncated": prompt.truncated}


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without nested values: each label's probability has a column of its own."""
    probabilities: Mapping[str, float] = row.get("probabilities", {})
    plain = {name: value for name, value in row.items() if name != "probabilities"}
    return plain | {f"probability of {label}": value for label, value in probabilities.items()}


def _cell_text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape_formula(value) if isinstance(value, str) else value


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)
