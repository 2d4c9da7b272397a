"""Scores on parts of the rows are those of these rows, and what cannot be cut is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_factory import Made, classification, make_run, summarization

from harness.metrics import metrics_for
from harness.reporting import render
from harness.reporting.views import build_report_view
from harness.results import RunResults
from harness.statistics import compute_scores


def test_by_length_class_and_column(tmp_path: Path) -> None:
    task = classification(
        [Made("base", 0.4), Made("lora", 0.9, 1, train_seconds=9)],
        meta=lambda i: {"site": f"ward {i % 3}", "note": f"free text {i}", "facts": [1], "empty": None},
    )
    run = make_run(tmp_path / "run", [task])
    tables = {table.by: table for table in build_report_view(run).tasks[0].slices}
    assert list(tables) == ["class", "site"], "all inputs have 40 words; a free text, a list and nothing are no columns to cut by"
    assert [row.name for row in tables["site"].rows] == ["ward 0", "ward 1", "ward 2"]
    examples = [e for e in run.examples("intents") if e.meta["site"] == "ward 1"]
    ids = {e.id for e in examples}
    (cell,) = [c for c in run.cells if c.strategy == "lora"]
    metrics = metrics_for(["classification"], run.plan.tasks["intents"].labels)
    expected = compute_scores(metrics, examples, [p for p in run.predictions(cell.id) if p.example_id in ids])["accuracy"]
    found = tables["site"].rows[1].scores["lora"]
    assert (found.value, found.low, found.high, found.n) == pytest.approx((expected.value, expected.low, expected.high, 40))
    assert tables["site"].score == "accuracy"
    assert "By site" in render(run) and "ward 2" in render(run)


def test_lengths_are_cut_into_thirds_and_numbers_stand_in_their_order(tmp_path: Path) -> None:
    task = summarization(
        [Made("base", 0.4)], rows=117, text=lambda i: "word " * (5 + i % 9), meta=lambda i: {"age": (9, 10, 11)[i % 3] if i else 11}
    )
    tables = {table.by: table for table in build_report_view(make_run(tmp_path / "run", [task])).tasks[0].slices}
    assert [row.name for row in tables["length"].rows] == ["5 to 7", "8 to 10", "11 to 13"]
    assert [row.name for row in tables["age"].rows] == ["9", "10", "11"]


def test_few_rows_are_not_cut(tmp_path: Path) -> None:
    run: RunResults = make_run(tmp_path / "run", [summarization([Made("base", 0.4)], rows=12, meta=lambda i: {"site": i % 2})])
    assert build_report_view(run).tasks[0].slices == ()


def test_a_run_in_which_nothing_is_done_has_nothing_to_cut(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [classification([Made("base", status="interrupted")], rows=40)])
    assert build_report_view(run).tasks[0].slices == ()
