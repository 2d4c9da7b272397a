"""A model that fits no device to answer: the processes of its cell hold a part of it each, and the cell has the result of one process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from in_process import cells_in_process

from harness import Run, run
from harness.grid.execution import cell_answering
from harness.grid.execution.cell_group import GroupFailedError
from harness.grid.execution.cell_run import CellRun
from harness.grid.execution.cell_training import CellTraining
from harness.grid.execution.job import Event, Job
from harness.grid.execution.memory_place import NeedsMoreDevicesError
from harness.store import CellFolder, RunFolder
from tests.grid.execution.test_search_run import write_task


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Runs a strategy in one process, or in several of which none has room for the whole trained model."""
    write_task(tmp_path)
    load = CellTraining._load

    def refuse(cell: Any, *, trained: bool, in_parts: bool = False) -> Any:
        if (trained or cell.strategy.train is None) and not in_parts and cell._job.processes > 1:
            raise torch.cuda.OutOfMemoryError("as if the model were too large")
        return load(cell, trained=trained, in_parts=in_parts)

    def _start(name: str, strategies: str, processes: int, **options: Any) -> Run:
        monkeypatch.setattr(CellTraining, "_load", refuse)
        with cells_in_process():
            return run(
                [str(tmp_path / "letters.yaml")], strategies, model=str(tmp_path / "model"), runs_dir=tmp_path / name, dtype="float32",
                base=False, reuse=False, devices_per_cell=processes, limit=30, **options,
            )  # fmt: skip

    return _start


def only_cell(done: Run) -> CellFolder:
    (cell,) = done.cells
    files = RunFolder(done.path).cell(cell.id)
    assert files.result().status == "done", (files.result().error, files.log.read_text()[-3000:])
    return files


@pytest.mark.soak
@pytest.mark.parametrize("strategy", ["lora:epochs=0.5,lora_dropout=0", "qlora:epochs=0.5,lora_dropout=0", "full:epochs=0.5"])
def test_a_trained_model_in_two_parts_answers_as_one(start: Callable[..., Run], strategy: str) -> None:
    one, two = only_cell(start("one", strategy, 1)), only_cell(start("two", strategy, 2))
    assert "as if the model were too large" in two.log.read_text()
    assert [(p.example_id, p.output) for p in two.predictions()] == [(p.example_id, p.output) for p in one.predictions()]
    ours, theirs = two.result(), one.result()
    assert ours.general_loss == pytest.approx(theirs.general_loss, rel=1e-5)
    assert {cost.phase: cost.tokens for cost in ours.costs} == {cost.phase: cost.tokens for cost in theirs.costs}
    assert ours.total_parameters == theirs.total_parameters and ours.artifact_bytes == theirs.artifact_bytes


def test_an_untuned_model_that_fits_no_device_gets_more_of_them_and_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes are stood in for by this one, which has the whole model; `stage` has tests of its own."""
    jobs: list[Job] = []
    load, answered = CellTraining._load, []

    def refuse(cell: Any, *, trained: bool, in_parts: bool = False) -> Any:
        if not in_parts:
            raise torch.cuda.OutOfMemoryError("as if the model were too large")
        return load(cell, trained=trained)

    def answer_here(job: Job, files: CellFolder, emit: Callable[[Event], None]) -> Any:
        def count(event: Event) -> None:
            if event["event"] == "answers":
                answered.append(len(event["answers"]))
                if len(answered) == 2:
                    raise KeyboardInterrupt
            emit(event)

        return CellRun(job, count).answer_in_group()

    def no_room(job: Job, files: CellFolder, emit: Callable[[Event], None]) -> Any:
        raise GroupFailedError("out-of-memory", "CUDA out of memory", 2)

    def attempt(processes: int) -> Any:
        return CellRun(replace(jobs[0], most_processes=4).with_processes(processes), lambda event: None).run()

    write_task(tmp_path)
    monkeypatch.setattr("harness.engine.inference.predictor.BATCH_ROWS", 4)
    with cells_in_process(jobs.extend):
        options: dict[str, Any] = {"runs_dir": tmp_path / "runs", "dtype": "float32", "serving_seconds": 0}
        done = run([str(tmp_path / "letters.yaml")], "base", model=str(tmp_path / "model"), **options)
    files = only_cell(done)
    expected = [each.output for each in files.predictions()]
    shutil.rmtree(files.path)
    monkeypatch.setattr(CellTraining, "_load", refuse)
    with pytest.raises(NeedsMoreDevicesError) as needs:
        attempt(1)
    assert needs.value.processes == 2
    monkeypatch.setattr(cell_answering, "stage", lambda model, group: None)
    monkeypatch.setattr(cell_answering, "answer_in_group", no_room)
    with pytest.raises(NeedsMoreDevicesError) as needs:
        attempt(2)
    assert needs.value.processes == 4
    monkeypatch.setattr(cell_answering, "answer_in_group", answer_here)
    with pytest.raises(KeyboardInterrupt):
        attempt(4)
    result, predictions = attempt(4)
    assert [each.output for each in predictions] == expected
    assert sum(answered) - answered[1] == len(expected), "the stored batch was not answered again"
    assert all(cost.seconds > 0 for cost in result.costs if cost.phase in ("load", "predict"))
