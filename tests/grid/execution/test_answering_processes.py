"""The processes of a cell divide its test set: the answers are those of one process, in its order, also if one of them ends early."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import run
from harness.grid.execution import answering_processes
from harness.grid.execution.answering_processes import AnsweringProcesses
from harness.grid.execution.cell_kinds import open_cell_run
from harness.grid.execution.cell_run import CellRun
from harness.grid.execution.job import Emit, Job
from harness.grid.execution.worker import run_job
from harness.store import RunFolder, to_json_line
from harness.types import Prediction
from tests.grid.execution.test_search_run import write_task
from tests.in_process import replace_scheduler

ROWS = 1  # of a batch


class OneThatEndsEarly:
    """Stands in for another process: it answers its batches but for the last, when it is asked for the first time."""

    def __init__(self, job: Job, shares: Sequence[Sequence[int]]) -> None:
        (self.share,) = shares
        self._job = job
        SHARES.append(self.share)

    def __enter__(self) -> OneThatEndsEarly:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def receive(self, *, wait: bool) -> Iterator[Sequence[Prediction]]:
        share, self.share = self.share[:-1], ()
        if share:
            answered: list[Sequence[Prediction]] = []
            CellRun(self._job, lambda event: None).answer(share, answered.append)
            yield from answered


SHARES: list[Sequence[int]] = []


def test_a_divided_test_set_has_the_answers_of_one_process_and_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run is interrupted after two of the batches, which are not answered again."""
    jobs: list[Job] = []
    stored: list[int] = []
    interrupts = [True]
    kept: list[bool] = []

    def train_here(job: Job, files: Any, emit: Emit, steps: Any) -> Mapping[str, Any]:
        return open_cell_run(replace(job, processes=1), emit).train_in_group()

    def on_event(event: Mapping[str, Any]) -> None:
        if event["event"] == "progress" and event["unit"] == "examples":
            stored.append(event["done"])
            if interrupts and len(stored) == 2:
                interrupts.clear()
                raise KeyboardInterrupt

    def run_here(_: object, ready: Sequence[Job], **__: Any) -> None:
        jobs.extend(ready)
        run_job(ready[0], on_event)

    write_task(tmp_path)
    monkeypatch.setattr("harness.engine.inference.predictor.BATCH_ROWS", ROWS)
    monkeypatch.setattr("harness.grid.execution.cell_training.run_group", train_here)
    monkeypatch.setattr("harness.grid.execution.cell_answering.AnsweringProcesses", OneThatEndsEarly)
    monkeypatch.setattr("harness.grid.execution.cell_training.keep_freed_memory", lambda: kept.append(True))
    replace_scheduler(monkeypatch, run_here)
    start: dict[str, Any] = {
        "model": str(tmp_path / "model"), "runs_dir": tmp_path / "runs", "dtype": "float32", "base": False, "reuse": False,
        "devices_per_cell": 2, "serving_seconds": 0,
    }  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        run([str(tmp_path / "letters.yaml")], "lora:epochs=0.2", **start)
    made = run([str(tmp_path / "letters.yaml")], "lora:epochs=0.2", **start)
    predictions = RunFolder(made.path).cell(jobs[0].cell).predictions()
    assert len(predictions) > 4 * ROWS
    batches = -(-len(predictions) // ROWS)
    first, second = SHARES
    assert sorted([*first, *range(0, batches, 2)]) == [*range(batches)], "the cell's own process has every other one"
    assert len(second) == (batches - 2) // 2, "two batches are done"
    assert kept, "on a CPU, the process of a cell keeps what it frees"
    assert stored[-1] == len(predictions) and stored == sorted(stored)

    alone: list[Prediction] = []
    CellRun(jobs[0], lambda event: None).answer(range(batches), alone.extend)
    expected = {each.example_id: each for each in alone}
    assert [each.example_id for each in predictions] == [example.id for example in RunFolder(made.path).examples("letters")]
    assert [each.output for each in predictions] == [expected[each.example_id].output for each in predictions]


def test_what_a_process_has_answered_is_received_and_one_that_dies_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [json.dumps({"answers": [to_json_line(Prediction, Prediction(f"row-{i}", "yes"))]}) for i in range(2)]
    monkeypatch.setattr(
        answering_processes,
        "_MEMBER",
        f"import os, signal, sys\nfor line in {lines!r}[:int(sys.argv[2])]: print(line, flush=True)\n"
        "if sys.argv[2] == '1': print('{\"answ', flush=True, end=''); os.kill(os.getpid(), signal.SIGKILL)",
    )
    with AnsweringProcesses(Job("run", "c", "model", {"kind": "cpu"}, "cache", 1.0, processes=3), [[1], [2]]) as processes:
        received = [each.example_id for batch in processes.receive(wait=True) for each in batch]
        assert not list(processes.receive(wait=True))
    assert sorted(received) == ["row-0", "row-0", "row-1"]
