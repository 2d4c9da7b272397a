"""Files are read back unchanged, are written completely or not at all, and damage is reported with the file and the field."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BenchError
from harness.store import RunFolder, RunPlan, StoredRun, write_atomically, write_json, write_text, write_value
from harness.store.parquet_tables import StoredExamples, read_examples, read_predictions, write_examples, write_predictions
from harness.types import Cell, CellResult, Example, Prediction
from tests.foreign import edit_json

HOSTILE = [
    "",
    "\x00 nul \x1b[31m and \x7f",
    "\u202egnp.exe\u202c \u2066x\u2069 \ufeff\u200b",
    "line\r\nends\rof\n\u2028every\u2029kind",
    '"quotes", \\backslash\\, {{ 7*7 }}, </script>',
    "👩\u200d⚕️ e\u0301 日本語 \U0010ffff",
    "x" * 1_000_000,
]
DAMAGED = [b"", b'{"cell": {', b"[]", b"null", b"3", b'"x"', b"{}", b'{"cell": {"id": "x"}}', b"\xff\xfe", b"\x00" * 50]
Make = Callable[..., RunFolder]


def test_failed_write_keeps_the_old_file_and_leaves_no_other(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    write_text(file, "old")

    def fail(partial: Path) -> None:
        partial.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(file, fail)
    assert os.listdir(tmp_path) == ["a.txt"]
    assert file.read_text() == "old"


def test_old_file_stays_complete_until_the_new_one_is(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    write_text(file, "old")
    before = []

    def write(partial: Path) -> None:
        partial.write_text("new")
        before.append(file.read_text())

    write_atomically(file, write)
    assert (before, file.read_text()) == (["old"], "new")


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_json_refuses_nan_and_infinity(tmp_path: Path, number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"score": number})
    assert not os.listdir(tmp_path)


def test_lone_surrogates_are_written_as_question_marks(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", ["a\ud800b"])
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == ["a?b"]


def test_plan_is_read_back(make_run: Make, plan: RunPlan) -> None:
    stored = make_run().plan()
    assert stored == plan


def test_result_is_read_back(make_run: Make, result: CellResult) -> None:
    cell = make_run().cell(result.cell.id)
    cell.write_result(result, [])
    assert cell.result() == result
    assert cell.predictions() == ()


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: f"{len(t)} characters")
def test_examples_and_predictions_are_read_back_with_any_text(tmp_path: Path, text: str) -> None:
    meta = {"column": text, "n": 1, "none": None}
    example = Example(f"id{text[:9]}", {"input": text, "b": "2"}, (text, "second"), (text, "choice"), text, meta)
    write_examples(tmp_path / "e.parquet", [("test", example)], [("train", "digest")])
    assert list(read_examples(tmp_path / "e.parquet", "test")) == [example]
    rows = [
        Prediction("a", text, text, (-0.5, -math.inf), {"rouge1": 0.25, "f1": None}, 3, 4, "length"),
        Prediction("b", "", None, (), {"rouge1": None, "f1": 1.0}),
        Prediction("c", "x", "", (), {}, finish="choice"),
    ]
    write_predictions(tmp_path / "p.parquet", rows)
    read = read_predictions(tmp_path / "p.parquet")
    assert read[:2] == tuple(rows[:2])
    assert read[2].scores == {"rouge1": None, "f1": None}, "a missing score is None, not 0"
    assert (read[2].extracted, read[2].finish) == ("", "choice")


def test_lone_surrogates_do_not_stop_a_run(tmp_path: Path) -> None:
    bad = "a\ud800"
    write_examples(tmp_path / "e.parquet", [("test", Example(bad, {"input": bad}, (bad,), (bad, "b"), bad, {"c": bad}))])
    (example,) = read_examples(tmp_path / "e.parquet", "test")
    assert (example.id, example.targets, example.choices, example.group) == ("a?", ("a?",), ("a?", "b"), "a?")
    assert example.targets[0] in example.choices
    write_predictions(tmp_path / "p.parquet", [Prediction(bad, bad, bad)])
    assert read_predictions(tmp_path / "p.parquet")[0] == Prediction("a?", "a?", "a?")


def test_rows_without_scores_or_groups_are_read_back(tmp_path: Path) -> None:
    examples = [Example("1", {"input": "x"}, ("t",)), Example("2", {"input": "y"}, ())]
    write_examples(tmp_path / "e.parquet", [("test", example) for example in examples])
    assert list(read_examples(tmp_path / "e.parquet", "test")) == examples
    write_predictions(tmp_path / "p.parquet", [])
    assert read_predictions(tmp_path / "p.parquet") == ()


def test_training_examples_are_stored_apart_and_deleted_at_the_end(make_run: Make) -> None:
    folder = make_run()
    assert [e.id for e in folder.training_examples("notes", "train")] == ["t1", "t2"]
    assert [e.id for e in folder.training_examples("notes", "validation")] == ["v1"]
    assert folder.has_training_examples()
    partial = folder.path / "cells" / ".training.jsonl.7.part"
    partial.parent.mkdir(exist_ok=True)
    partial.write_text("{")
    folder.remove_working_files()
    assert not folder.has_training_examples()
    assert not partial.exists(), "left by a killed process"
    assert [e.targets for e in folder.examples("notes")] == [("target of e1",)]
    stored = b"".join(f.read_bytes() for f in folder.path.rglob("*") if f.is_file())
    assert b"e1" in stored
    import pyarrow.parquet as pq

    rows = pq.read_table(folder.path / "data/notes.parquet").to_pylist()
    assert [(row["split"], row["id"]) for row in rows] == [("test", "e1"), ("train", None), ("train", None), ("validation", None)]
    for row in rows[1:]:
        assert {k for k, v in row.items() if v is not None} == {"digest", "split"}, "only digests"
        assert row["digest"] != "x" and len(row["digest"]) == 64, "which are salted"
    for name in ("t1", "t2", "v1"):
        assert name.encode() not in stored
    assert folder.find_trained_on("notes", ["x", "y"]) == {"x"}


def test_cell_is_finished_only_with_its_last_file(make_run: Make, result: CellResult) -> None:
    folder = make_run()
    cell = folder.cell(result.cell.id)
    cell.checkpoint.mkdir(parents=True)
    write_predictions(cell.path / "predictions.parquet", [])
    assert not cell.is_finished()
    assert StoredRun(folder).status(result.cell.id) == "interrupted"
    cell.write_result(result, [])
    assert cell.is_finished()
    assert StoredRun(folder).status(result.cell.id) == "done"
    assert not cell.checkpoint.exists()


def test_predictions_are_stored_before_the_result(make_run: Make, result: CellResult) -> None:
    """If a file cannot be written, the cell must run again instead of looking done."""
    cell = make_run().cell(result.cell.id)
    (cell.path / "predictions.parquet").mkdir(parents=True)  # so that the file cannot be written
    with pytest.raises(OSError, match=r"predictions\.parquet"):
        cell.write_result(result, [])
    assert not cell.is_finished()


@pytest.mark.parametrize("content", DAMAGED)
@pytest.mark.parametrize("name", ["run.json", "cells/l0/cell.json"])
def test_error_names_the_damaged_file(make_run: Make, result: CellResult, content: bytes, name: str) -> None:
    folder = make_run()
    folder.cell("l0").write_result(result, [])
    (folder.path / name).write_bytes(content)
    read = folder.plan if name == "run.json" else folder.cell("l0").result
    with pytest.raises(BenchError, match=name):
        read()


def test_error_names_the_truncated_file(make_run: Make, result: CellResult) -> None:
    folder = make_run()
    folder.cell("l0").write_result(result, [])
    for name in ("cells/l0/cell.json", "run.json"):
        file = folder.path / name
        file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(BenchError, match=r"cell\.json: is damaged"):
        folder.cell("l0").result()
    with pytest.raises(BenchError, match=r"run\.json: is damaged"):
        folder.plan()


def test_error_names_the_damaged_or_missing_table(make_run: Make) -> None:
    folder = make_run(Cell("b0", "notes", "tiny", "base", 0, None))
    for read, file in (
        (lambda: folder.examples("notes"), folder.path / "data/notes.parquet"),
        (lambda: folder.cell("b0").predictions(), folder.path / "cells/b0/predictions.parquet"),
    ):
        intact = file.read_bytes()
        for content in (intact[: len(intact) // 2], b"", b"garbage" * 99):
            file.write_bytes(content)
            with pytest.raises(BenchError, match=rf"{file.name}: is damaged"):
                read()
        file.unlink()
        with pytest.raises(BenchError, match=rf"{file.name}: is missing"):
            read()


def test_failed_cell_has_no_predictions(make_run: Make) -> None:
    folder = make_run()
    folder.cell("l0").write_result(CellResult(Cell("l0", "notes", "tiny", "lora", 2, 0), "failed", error="no"))
    assert folder.cell("l0").predictions() == ()
    assert StoredRun(folder).status("l0") == "failed"


@pytest.mark.parametrize("version", [0, 3, "4", None])
def test_run_in_another_format_is_refused(make_run: Make, version: Any) -> None:
    folder = make_run()
    edit_json(folder.path / "run.json", lambda plan: plan.update(format=version))
    with pytest.raises(BenchError, match=rf"run\.json: is in format {version!r}; this version of bench reads format 4"):
        folder.plan()


def test_incomplete_line_of_a_training_curve_is_skipped(make_run: Make) -> None:
    cell = make_run().cell("l0")
    assert cell.training_curve() == []
    cell.path.mkdir(parents=True)
    cell.curve.write_bytes(b'{"step": 1, "loss": 2.0}\n\n{"step": 2, "los\xe2\x82')
    assert cell.training_curve() == [{"step": 1, "loss": 2.0}]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda value: value["costs"][0].update(seconds="fast"), r"costs\[0\]\.seconds: must be a valid number, not 'fast'"),
        (lambda value: value["costs"][0].pop("seconds"), r"costs\[0\]\.seconds: is missing"),
        (lambda value: value["training"].update(steps=True), r"training\.steps: must be a valid integer, not True"),
        (lambda value: value.update(status="dnoe"), r"status: unknown value 'dnoe'\. Did you mean 'done'\?"),
        (lambda value: value.update(score=1.0), "score: is an unknown field"),
        (lambda value: value["cell"].clear(), r"cell\.id: is missing \(and 5 more problems\)"),
    ],
)
def test_error_names_the_damaged_field_and_what_to_do(
    make_run: Make, result: CellResult, change: Callable[[Any], None], problem: str
) -> None:
    cell = make_run().cell("l0")
    cell.write_result(result, [])
    stored = json.loads((cell.path / "cell.json").read_text())
    change(stored)
    write_json(cell.path / "cell.json", stored)
    with pytest.raises(BenchError, match=rf"cell\.json: is damaged: {problem}\. Delete the folder .*l0 to run this cell again\.$"):
        cell.result()


def test_error_names_the_damaged_field_of_a_task(make_run: Make) -> None:
    folder = make_run()
    stored = json.loads((folder.path / "run.json").read_text())
    stored["tasks"]["notes"]["margin"] = -1
    write_json(folder.path / "run.json", stored)
    with pytest.raises(
        BenchError,
        match=r"run\.json: is damaged: tasks\.notes\.margin: must be greater than 0, not -1\. Restore the file .*, or repeat the run\.$",
    ):
        folder.plan()


def test_value_of_the_wrong_type_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Expected `tuple\[CellNote, ...\]`"):
        write_value(tmp_path / "cell.json", CellResult, CellResult(Cell("l0", "notes", "tiny", "lora", 2, 0), "done", notes=["a"]))  # type: ignore[arg-type]
    assert not os.listdir(tmp_path)


def test_yaml_and_python_values_are_written_in_their_json_form(make_run: Make, plan: RunPlan) -> None:
    """YAML turns an unquoted date into a date, and Python callers pass sets and paths."""
    options = {"since": date(2026, 3, 1), "modules": {"q_proj"}, "folder": Path("a/b")}
    folder = make_run()
    folder.write_plan(replace(plan, options=options))
    assert folder.plan().options == {"since": "2026-03-01", "modules": ["q_proj"], "folder": "a/b"}


def test_stored_examples_are_a_sequence_that_is_read_where_it_is_needed(tmp_path: Path) -> None:
    """In a file of several row groups, behind those of another split."""
    examples = [Example(f"{i}", {"input": f"text {i}"}, (f"{i}",)) for i in range(9000)]
    write_examples(tmp_path / "e.parquet", [*(("train", e) for e in examples[:5000]), *(("validation", e) for e in examples[5000:])])
    stored = StoredExamples(tmp_path / "e.parquet", "validation", 4000)
    assert len(stored) == 4000 and list(stored) == examples[5000:]
    assert (stored[0], stored[-1], stored[3999]) == (examples[5000], examples[-1], examples[-1])
    assert stored[1:3] == tuple(examples[5001:5003]) and stored[5:2:-2] == (examples[5005], examples[5003]) and stored[9:9] == ()
    with pytest.raises(IndexError):
        stored[4000]
    (tmp_path / "e.parquet").unlink()
    with pytest.raises(BenchError, match="is missing"):
        list(stored)
