"""A cell whose memory runs out outside of a step starts again with the next step of the ladder, from its last checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from harness import Run, run
from harness.engine.tuning import list_restarts
from harness.engine.tuning.trainer import Trainer
from harness.grid.execution.job import Job
from harness.grid.execution.worker import classify, run_job
from harness.reporting.wording.cell_notes import note_sentence
from harness.store import RunFolder
from harness.types import CellResult, MemoryStep
from tests.grid.execution.test_search_run import write_task

LORA = "lora:epochs=1,learning_rate=1e-2,batch_size=8,r=2"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("memory")
    write_task(folder)
    return folder


@pytest.fixture(autouse=True)
def _cells_run_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_here(_: object, jobs: Sequence[Job], *, at_once: int) -> None:
        for job in jobs:
            run_job(job, lambda event: None)

    monkeypatch.setattr("harness.grid.execution.run.CellScheduler.run", run_here)
    monkeypatch.setattr("gc.collect", lambda *_: 0)


def run_lora(here: Path, runs: str) -> Run:
    return run(
        [str(here / "letters.yaml")], LORA, model=str(here / "model"), runs_dir=here / runs, dtype="float32", base=False, reuse=False,
        serving_seconds=0,
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
    assert sentence.startswith("Memory: the training fits its device with weights and optimizer states on the CPU (micro-batches of 2,048")


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
