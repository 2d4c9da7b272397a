"""The round that measures how fast finished models answer: what it stores, what it leaves alone, and how it resumes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.cache import cache_folder
from harness.engine.models import resolve_model
from harness.grid.execution import serving_run
from harness.grid.execution.job import Job
from harness.grid.execution.reused_costs import price_reused_cell
from harness.grid.execution.serving_run import choose_serving_seconds, list_serving_jobs, renamed_events, run_serving_job
from harness.grid.execution.worker import run_job
from harness.results import RunResults
from harness.store import RunFolder
from harness.types import Cell, CellResult, Cost


@pytest.fixture
def folder(made: Any, tmp_path: Path) -> RunFolder:
    """A copy of the small run, as it is before its end."""
    shutil.copytree(made.folder, tmp_path / made.folder.name)
    folder = RunFolder(tmp_path / made.folder.name)
    folder.seal_file.unlink()
    return folder


def make_job(folder: RunFolder, cell: Cell) -> Job:
    device = {"kind": "cpu", "name": "CPU", "dtype": "float32"}
    return Job(str(folder.path), cell.id, str(resolve_model("tiny").folder), device, str(cache_folder()), 30.0)


def list_jobs(folder: RunFolder) -> list[Job]:
    return list_serving_jobs(folder, folder.plan().cells, 0.05, lambda cell: make_job(folder, cell))


def test_models_are_measured_once_as_they_were_scored_and_merged(folder: RunFolder) -> None:
    before = {cell.id: (folder.cell(cell.id).result(), folder.cell(cell.id).predictions()) for cell in folder.plan().cells}
    jobs, events = list_jobs(folder), []
    assert len(jobs) == 2 and {(job.serving_seconds, job.per_hour) for job in jobs} == {(0.05, 3.6)}
    for job in jobs:
        run_serving_job(job, events.append)
    forms = {}
    for cell in folder.plan().cells:
        files = folder.cell(cell.id)
        result, predictions = before[cell.id]
        measured = files.result().serving
        assert measured is not None and measured.problem == "" and measured.seconds > 0
        assert replace(files.result(), serving=None) == result and files.predictions() == predictions
        assert files.list_damage() == []
        forms[cell.strategy] = [speed.form for speed in measured.speeds]
        assert all(answer.first_token is None for speed in measured.speeds for answer in speed.alone), "labels are chosen"
    assert forms == {"base": ["stored"], "lora": ["stored", "merged"]}
    assert [event["phase"] for event in events] == ["speed, stored", "speed, stored", "speed, merged"]
    assert list_jobs(folder) == [], "an interrupted round continues with what is left"
    folder.seal()
    rows = RunResults(folder).by_task["classification"].strategies
    assert all(row.serving is not None for row in rows)


def test_a_model_that_cannot_be_measured_has_its_reason_and_its_cell_stays_done(folder: RunFolder) -> None:
    job = next(job for job in list_jobs(folder) if (folder.path / "cells" / job.cell / "artifact").exists())
    weights = folder.path / "cells" / job.cell / "artifact" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    run_serving_job(job, lambda event: None)
    result = folder.cell(job.cell).result()
    assert result.status == "done" and result.serving is not None and result.serving.speeds == ()
    assert "adapter_model.safetensors" in result.serving.problem


def test_another_number_of_cores_and_a_crash_are_measured_again(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    base = next(job for job in list_jobs(folder) if not (folder.path / "cells" / job.cell / "artifact").exists())
    run_serving_job(base, lambda event: None)
    assert base.cell not in [job.cell for job in list_jobs(folder)]
    monkeypatch.setattr(serving_run, "usable_cores", lambda: 64)
    assert base.cell in [job.cell for job in list_jobs(folder)]


def test_a_cell_runs_where_no_time_for_a_measurement_is_given(folder: RunFolder) -> None:
    """The same process either runs the cell or measures its model."""
    cell = folder.plan().cells[0]
    shutil.rmtree(folder.cell(cell.id).path)
    assert list_jobs(folder)[0].cell != cell.id, "a cell that is not done has no model to measure"
    assert run_job(make_job(folder, cell), lambda event: None) == "done"


@pytest.mark.parametrize(("cell_seconds", "seconds"), [(3.0, 1.5), (1000.0, 10.0), (1e6, 60.0)])
def test_the_time_follows_from_that_of_the_cell(cell_seconds: float, seconds: float) -> None:
    result = CellResult(Cell("c", "t", "tiny", "lora", 0, None), "done", (Cost("predict", cell_seconds, "cpu"),))
    assert choose_serving_seconds(result, None) == seconds
    assert choose_serving_seconds(result, 7.0) == 7.0


def test_events_do_not_tell_of_the_cell_again() -> None:
    told: list[Any] = []
    tell = renamed_events(told.append, "measuring", "measured")
    for kind in ("start", "phase", "exit"):
        tell({"event": kind, "cell": "c"})
    assert [event["event"] for event in told] == ["measuring", "phase", "measured"]


def test_a_reused_measurement_has_the_price_of_the_run_that_reuses_it() -> None:
    from report_factory import measured

    provenance = {"cores": "2", "cells_at_once": "1"}
    result = CellResult(Cell("c", "t", "tiny", "lora", 0, None), "done", (), provenance, serving=measured(1.0))
    reused = price_reused_cell(result, {"per_hour": 5.0, "currency": "EUR"}, "2").serving
    assert reused is not None and (reused.per_hour, reused.currency) == (5.0, "EUR")
    assert price_reused_cell(result, {"per_hour": 5.0, "currency": "EUR"}, "4").serving == result.serving
