"""Scores of a reused cell that depend on a column, which is no part of its identity. `tests/test_plugins.py` has a real plug-in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from report_factory import Made, make_run, summarization

from harness.grid.execution import reused_cells
from harness.grid.execution.reused_cells import list_columns, reuse_finished_cell, score_again
from harness.metrics import example_metric
from harness.store import RunFolder, StoredRun
from harness.types import Example, Prediction


def is_north(example: Example, prediction: Prediction) -> float:
    return float(example.meta.get("ward") == "north")


@pytest.fixture
def reused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoredRun:
    """A run that has taken the cell of another, whose test examples had no column `ward`. The task's metric reads it."""
    metric = example_metric("north", "higher", "fraction", is_north, "column:ward")
    monkeypatch.setattr("harness.grid.execution.scored_predictions.metrics_for", lambda *_, **__: (metric,))
    monkeypatch.setattr(reused_cells, "FAMILIES", {})
    runs = [
        make_run(tmp_path / "runs" / name, [summarization([Made("base", 0.5)], rows=20, **more)])
        for name, more in (("without", {}), ("with", {"meta": lambda i: {"ward": "north" if i % 2 else "south"}}))
    ]
    folder, plan = (
        runs[1].folder,
        replace(
            runs[1].plan, options=runs[1].plan.options | {"trust_remote_code": False}, environment=runs[1].plan.environment | {"cores": "2"}
        ),
    )
    (cell,) = plan.cells
    folder.cell(cell.id).result_file.unlink()
    assert reuse_finished_cell(plan, folder, cell) == "without"
    folder.seal()
    return StoredRun(RunFolder(folder.path))


def get_scores(run: StoredRun) -> list[float | None]:
    return [prediction.scores["north"] for prediction in run.predictions(run.cells[0].id)]


def test_scores_of_a_reused_cell_fit_the_columns_of_its_run(reused: StoredRun) -> None:
    assert list_columns(reused.folder, "summarization") == {"ward"}
    assert get_scores(reused) == [float(example.meta["ward"] == "north") for example in reused.examples("summarization")]
    assert reused.results[reused.cells[0].id].signatures == {"north": "north|column:ward|bench:1"}
    other = StoredRun(RunFolder(reused.path.parent / "without"))
    assert "north" not in other.predictions(other.cells[0].id)[0].scores, "the cell that was taken stays as it is"


def test_only_metrics_that_may_read_columns_are_computed_again(reused: StoredRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reused_cells, "FAMILIES", dict.fromkeys(reused.plan.tasks["summarization"].metrics))
    before = reused.folder.cell(reused.cells[0].id).result_file.stat().st_mtime_ns
    score_again(reused.plan, reused.folder, reused.cells)
    assert reused.folder.cell(reused.cells[0].id).result_file.stat().st_mtime_ns == before
