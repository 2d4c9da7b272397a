"""Answers as JSON lines and as CSV: rows and model outputs are hostile text."""

from __future__ import annotations

import csv
import io
import json
import math
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

import pytest

from harness.engine.artifacts.answered_rows import AnsweredRow, PredictionTable
from harness.metrics.labels.probabilities import normalize_likelihoods
from harness.types import Example, Prediction

HOSTILE = "\x1b[31m\x9b2J ü 🩺 \u202e\U000e0041\nnext"


def answers(*predictions: Prediction, choices: tuple[str, ...] = (), columns: tuple[dict[str, Any], ...] = ()) -> PredictionTable:
    rows = zip_longest(predictions, columns, fillvalue={})
    answered = [AnsweredRow(Example(p.example_id, {"input": "x"}, (), choices), row, p, i == 1) for i, (p, row) in enumerate(rows)]
    return PredictionTable(cast(Any, None), tuple(answered))


def test_rows_keep_their_columns_under_their_names() -> None:
    row = {"ticket": 7, "text": "hello", "output": "of last year", "id": "a"}
    assert answers(Prediction("a", "x", "y"), columns=(row,)).rows() == [
        {
            "id": "a",
            "ticket": 7,
            "text": "hello",
            "input.output": "of last year",
            "output": "x",
            "answer": "y",
            "finish": "stop",
            "truncated": False,
        }
    ]


def test_an_id_column_that_is_not_the_id_is_kept_beside_it() -> None:
    (row,) = answers(Prediction("a", "x", "x"), columns=({"id": "patient 7"},)).rows()
    assert (row["id"], row["input.id"]) == ("a", "patient 7")


def test_csv_has_the_columns_of_all_rows_before_the_answers() -> None:
    found = answers(Prediction("a", "x", "x"), Prediction("b", "y", "y"), columns=({"n": 1}, {"tags": ["a", {"b": math.nan}]}))
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert list(rows[0]) == ["id", "n", "tags", "output", "answer", "finish", "truncated"]
    assert (rows[0]["n"], rows[0]["tags"], rows[1]["n"], rows[1]["tags"]) == ("1", "", "", '["a", {"b": null}]')


def test_a_column_called_probabilities_stays_whole() -> None:
    found = answers(Prediction("a", "x", "x"), columns=({"probabilities": {"old": 0.5}},))
    (row,) = csv.DictReader(io.StringIO(found.to_csv()))
    assert row["input.probabilities"] == '{"old": 0.5}'


def test_missing_numbers_become_null() -> None:
    found = answers(Prediction("a", "x", "x"), columns=({"score": math.nan, "nested": {"high": math.inf}},))
    row = json.loads(found.to_jsonl())
    assert (row["score"], row["nested"]) == (None, {"high": None})


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "\t=1"])
def test_formulas_in_columns_and_their_names_become_text(text: str) -> None:
    found = answers(Prediction("a", "x", "x"), columns=({text: text},))
    (row,) = csv.DictReader(io.StringIO(found.to_csv(), newline=""))
    assert row[f"'{text}"] == f"'{text}"


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
