"""Prediction tables as JSON lines and as CSV: model outputs are hostile text."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any, cast

import pytest

from harness.engine.artifacts.prediction_table import PredictionTable
from harness.engine.prompts.prompt_encoder import EncodedPrompt
from harness.metrics.labels.probabilities import normalize_likelihoods
from harness.types import Example, Prediction

HOSTILE = "\x1b[31m\x9b2J ü 🩺 \u202e\U000e0041\nnext"


def answers(*predictions: Prediction, choices: tuple[str, ...] = ()) -> PredictionTable:
    examples = tuple(Example(p.example_id, {"input": "x"}, (), choices) for p in predictions)
    prompts = tuple(EncodedPrompt([1], i == 1) for i in range(len(predictions)))
    return PredictionTable(cast(Any, None), examples, prompts, predictions)


def test_json_lines_contain_no_control_characters() -> None:
    text = answers(Prediction(HOSTILE, HOSTILE, "=1+1")).to_jsonl()
    assert {c for c in text if not c.isprintable()} == {"\n"}
    assert text.count("\n") == 1
    assert "ü 🩺" in text, "what people can read stays as it is"
    assert json.loads(text) == {"id": HOSTILE, "output": HOSTILE, "answer": "=1+1", "finish": "stop", "truncated": False}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_formulas_become_text_in_csv_only(text: str) -> None:
    found = answers(Prediction(text, f"a {text}", text))
    (row,) = csv.DictReader(io.StringIO(found.to_csv(), newline=""))
    assert (row["id"], row["output"], row["answer"]) == (f"'{text}", f"a {text}", f"'{text}")
    assert json.loads(found.to_jsonl())["answer"] == text


def test_rows_contain_labels_and_their_probabilities() -> None:
    chosen = Prediction("a", "yes", "yes", (math.log(0.1), math.log(0.3)), finish="choice")
    found = answers(chosen, Prediction("b", "=no", "=no", (-1e5, -1e5)), choices=("=no", "yes"))
    first, second = found.rows()
    assert first["label"] == "yes"
    assert first["probabilities"] == pytest.approx({"=no": 0.25, "yes": 0.75})
    assert second["probabilities"] == {"=no": 0.5, "yes": 0.5}
    assert (found.truncated, second["truncated"]) == (1, True)
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert float(rows[0]["probability of yes"]) == pytest.approx(0.75)
    assert rows[1]["label"] == "'=no"


def test_extension_selects_the_format() -> None:
    found = answers(Prediction("a", "x", "x"))
    assert found.text(Path("x.CSV")) == found.to_csv()
    assert found.text(Path("x.jsonl")) == found.to_jsonl()


def test_probabilities_of_very_unlikely_labels_do_not_underflow() -> None:
    assert normalize_likelihoods([-1e4, -1e4 - math.log(3)]) == pytest.approx([0.75, 0.25])
