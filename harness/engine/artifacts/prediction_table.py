"""Predictions for new rows as a file: JSON lines, or CSV for a spreadsheet."""

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
    """What a finished cell's model says to new rows, in their order."""

    finished: FinishedCell
    examples: tuple[Example, ...]
    prompts: tuple[EncodedPrompt, ...]
    predictions: tuple[Prediction, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a row.

        `output` is what the model wrote and `answer` what is scored of it, `finish` what ended it ("length": it was cut); where a label is
        chosen, `label` and the `probabilities` of all labels, which sum to 1. `truncated` says that the input was cut to fit.
        """
        return [_row(*row) for row in zip(self.examples, self.prompts, self.predictions, strict=True)]

    @property
    def truncated(self) -> int:
        """Rows whose input was cut to fit."""
        return sum(prompt.truncated for prompt in self.prompts)

    def to_jsonl(self) -> str:
        """A JSON object a line. Characters that a terminal would obey, or not show, are escaped."""
        return "".join(_printable(json.dumps(row, ensure_ascii=False, allow_nan=False)) + "\n" for row in self.rows())

    def to_csv(self) -> str:
        """A table with a header. A text that a spreadsheet would take for a formula gets a ' in front."""
        rows = [_flat(row) for row in self.rows()]
        text = io.StringIO()
        writer = csv.writer(text)  # its line ends are CRLF: with others, a carriage return in a text would not be quoted
        writer.writerow([_harmless(name) for name in rows[0]])
        writer.writerows([[_harmless(value) for value in row.values()] for row in rows])
        return text.getvalue()

    def text(self, out: Path) -> str:
        """The rows in the format of the file's extension: .csv, else JSON lines."""
        return self.to_csv() if out.suffix.lower() == ".csv" else self.to_jsonl()


def _row(example: Example, prompt: EncodedPrompt, prediction: Prediction) -> dict[str, Any]:
    row: dict[str, Any] = {"id": example.id, "output": prediction.output}
    if prediction.label_logprobs:
        chances = normalize_likelihoods(prediction.label_logprobs)
        row |= {"label": prediction.answer, "probabilities": dict(zip(example.choices, chances, strict=True))}
    else:
        row |= {"answer": prediction.answer, "finish": prediction.finish}
    return row | {"truncated": prompt.truncated}


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row without anything nested: a column for the probability of each label."""
    chances: Mapping[str, float] = row.get("probabilities", {})
    plain = {name: value for name, value in row.items() if name != "probabilities"}
    return plain | {f"probability of {label}": chance for label, chance in chances.items()}


def _harmless(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape_formula(value) if isinstance(value, str) else value


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)
