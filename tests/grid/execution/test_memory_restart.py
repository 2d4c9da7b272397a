"""A cell whose memory runs out outside of a step starts again with the next step of the ladder, from its last checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from harness import Run, run
from harness.engine.tuning import list_restarts
from harness.engine.tuning.trainer import Trainer
from harness.grid.execution.cell_group import GroupFailedError
from harness.grid.execution.cell_kinds import open_cell_run
from harness.grid.execution.job import Emit, Event, Job
from harness.grid.execution.scheduler import CellScheduler
from harness.grid.execution.worker import classify, run_job
from harness.reporting.wording.cell_notes import note_sentence
from harness.store import CellFolder, RunFolder
from harness.types import CellResult, LadderPlace, MemoryStep
from tests.grid.execution.test_search_run import write_task
from tests.in_process import replace_scheduler

SCHEDULE = CellScheduler.run
LORA = "lora:epochs=1,learning_rate=1e-2,batch_size=8,r=2"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("memory")
    write_task(folder)
    return folder


@pytest.fixture(autouse=True)
def _cells_run_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_here(_: object, jobs: Sequence[Job], **__: Any) -> None:
        for job in jobs:
            run_job(job, lambda event: None)

    replace_scheduler(monkeypatch, run_here)
    monkeypatch.setattr("gc.collect", lambda *_: 0)


def run_lora(here: Path, runs: str, more: str = "") -> Run:
    return run(
        [str(here / "letters.yaml")], LORA + more, model=str(here / "model"), runs_dir=here / runs, dtype="float32", base=False,
        reuse=False, serving_seconds=0,
    )  # fmt: skip


def the_result(made: Run) -> CellResult:
    folder = RunFolder(made.path)
    (cell,) = folder.plan().cells
    return folder.cell(cell.id).result()


def fail_until(monkeypatch: pytest.MonkeyPatch, step: MemoryStep, at: int = 3) -> list[int]:
    """Let memory run out in the update of optimizer step `at` until the optimizer is elsewhere; returns the steps that were taken."""
    taken: list[int] = []
    take = Trainer.step

    def take_or_fail(trainer: Trainer, examples: Any, rate: float, number: int) -> tuple[float, int]:
        taken.append(number)
        result = take(trainer, examples, rate, number)
        if number == at and trainer.ladder.step not in ("offloaded-weights", step):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return result

    monkeypatch.setattr(Trainer, "step", take_or_fail)
    monkeypatch.setattr("harness.engine.tuning.loop.store_state", lambda *_: None)
    return taken


def test_a_cell_starts_again_with_the_next_step_and_has_the_same_result(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = the_result(run_lora(here, "plain"))
    monkeypatch.setattr("harness.grid.execution.cell_training.list_restarts", lambda strategy, _: list_restarts(strategy, "cuda"))
    taken = fail_until(monkeypatch, "offloaded-weights")
    result = the_result(run_lora(here, "restarted"))
    assert taken[:7] == [1, 2, 3, 1, 2, 3, 1], "as planned, then with states on the CPU, then with weights there"
    assert result.status == "done" and result.training is not None and plain.training is not None
    assert result.training.memory.step == "offloaded-weights"
    assert result.training.best_validation_loss == pytest.approx(plain.training.best_validation_loss, abs=1e-5)
    (sentence,) = [note_sentence(note) for note in result.notes if note.code == "memory_step"]
    assert sentence.startswith("Memory: the training fits its device with weights and optimizer states on the CPU (micro-batches of 1,024")


def test_a_cell_is_out_of_memory_only_if_no_step_is_left(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.grid.execution.cell_training.list_restarts", lambda *_: ["offloaded-optimizer"])
    taken = fail_until(monkeypatch, "sharded", at=1)
    result = the_result(run_lora(here, "nothing"))
    assert (taken, result.status) == ([1, 1], "out-of-memory")


def test_the_size_that_would_be_needed_is_named() -> None:
    message = (
        "CUDA out of memory. Tried to allocate 512.00 MiB. GPU 0 has a total capacity of 23.68 GiB of which 100.00 MiB is free. Of the "
        "allocated memory 23.00 GiB is allocated by PyTorch, and 300.00 MiB is reserved by PyTorch but unallocated."
    )
    assert classify(torch.cuda.OutOfMemoryError(message))[1].startswith("does not fit; it needs at least 23.5 GiB: CUDA out of memory.")
    assert "needs at least" not in classify(MemoryError("no"))[1]


class Processes:
    """The cells of a run, one after the other in this process. `killed` is called before each; whether the system then kills the cell."""

    def __init__(self, killed: Callable[[Job], bool] = lambda job: False) -> None:
        self._killed, self._waiting = killed, list[Job]()
        self.attempts: list[Job] = []

    def start(self, job: Job) -> None:
        self._waiting.append(job)

    def events(self) -> Iterator[Event]:
        yield {"event": "ready"}
        while self._waiting:
            job = self._waiting.pop()
            self.attempts.append(job)
            code, events = 0, list[Event]()
            if self._killed(job):
                with pytest.raises(KeyboardInterrupt):
                    run_job(job, events.append)
                code = -9
            else:
                run_job(job, events.append)
            yield from ({**event, "cell": job.cell} for event in events)
            yield {"event": "exit", "cell": job.cell, "code": code, "peak": 3_210_000_000}

    def use(self, monkeypatch: pytest.MonkeyPatch) -> Processes:
        """Run cells here, through the scheduler."""
        monkeypatch.setattr("harness.grid.execution.run.CellScheduler.run", SCHEDULE)
        monkeypatch.setattr("harness.grid.execution.early_processes.open_cell_processes", lambda device, at_once: nullcontext(self))
        return self


def stop_in_step(monkeypatch: pytest.MonkeyPatch, stops: Callable[[], bool], at: int = 2) -> list[tuple[int, int]]:
    """Interrupt trainings in optimizer step `at` while `stops` says so; returns the steps, and the micro-batches that they began with."""
    taken: list[tuple[int, int]] = []
    take = Trainer.step

    def take_or_stop(trainer: Trainer, examples: Any, rate: float, number: int) -> tuple[float, int]:
        taken.append((number, trainer.ladder.token_budget))
        if number == at and stops():
            raise KeyboardInterrupt
        return take(trainer, examples, rate, number)

    monkeypatch.setattr(Trainer, "step", take_or_stop)
    return taken


def test_a_training_that_the_system_kills_for_memory_takes_the_next_step_and_a_resumed_run_begins_there(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = 0

    def is_killed(job: Job) -> bool:
        nonlocal kills
        kills += job.killed_bytes is None
        return job.killed_bytes is None

    processes = Processes(is_killed).use(monkeypatch)
    monkeypatch.setattr("harness.grid.execution.scheduler.count_memory_kills", lambda: 0)
    monkeypatch.setattr("harness.grid.execution.memory_place.count_memory_kills", lambda: kills)
    interrupts = iter([True, True, False])
    taken = stop_in_step(monkeypatch, lambda: next(interrupts))
    with pytest.raises(KeyboardInterrupt):  # the second attempt, by Ctrl-C
        run_lora(here, "killed")
    assert [job.killed_bytes for job in processes.attempts] == [None, 3_210_000_000]
    assert taken == [(1, 1024), (2, 1024), (1, 512), (2, 512)]
    resumed = Processes().use(monkeypatch)
    result = the_result(run_lora(here, "killed"))
    assert [(job.place, job.killed_bytes) for job in resumed.attempts] == [(LadderPlace("smaller-micro-batches", 512), None)]
    assert taken[4:6] == [(1, 512), (2, 512)], "it does not climb again"
    assert result.status == "done" and result.training is not None
    assert result.training.memory.step == "smaller-micro-batches"


def test_a_training_that_is_killed_on_the_last_step_is_out_of_memory_with_its_size(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    processes = Processes(lambda job: job.place.step != "gradient-checkpointing").use(monkeypatch)
    monkeypatch.setattr("harness.grid.execution.memory_place.count_memory_kills", lambda: len(processes.attempts))
    monkeypatch.setattr("harness.grid.execution.scheduler.count_memory_kills", lambda: 0)
    stop_in_step(monkeypatch, lambda: True, at=1)
    result = the_result(run_lora(here, "never", ",micro_batch_tokens=16"))
    assert [job.place.step for job in processes.attempts] == ["as-planned", "as-planned", "gradient-checkpointing"]
    assert result.status == "out-of-memory"
    assert result.error is not None and result.error.endswith("(its process had 3.2 GB when the system killed it)")


def test_a_training_that_fits_no_device_is_divided_among_two(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The processes of the group are this one: what they do together is tested in tests/engine/distributed."""
    processes = Processes().use(monkeypatch)
    monkeypatch.setattr("harness.grid.execution.run.most_devices", lambda device, devices: 3)
    taken = fail_until(monkeypatch, "gradient-checkpointing", at=2)
    groups: list[Job] = []

    def train_here(job: Job, files: CellFolder, emit: Emit, steps: Sequence[MemoryStep]) -> Mapping[str, Any]:
        groups.append(job)
        if job.processes == 2:
            raise GroupFailedError("out-of-memory", "CUDA out of memory", 2)
        return open_cell_run(replace(job, processes=1), emit).train_in_group()

    monkeypatch.setattr("harness.grid.execution.cell_training.run_group", train_here)
    result = the_result(run_lora(here, "divided"))
    assert [job.processes for job in processes.attempts] == [1, 2, 3]
    assert [job.place.step for job in groups] == ["gradient-checkpointing"] * 2
    assert (taken[:3], result.status) == ([1, 2, 1], "done")
