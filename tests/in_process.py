"""Runs and commands in the test's own process, which has torch imported already: a process for a command and one for its cells take
seconds each to import what they need. Tests of these processes themselves start real ones.
"""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from accelerate.state import AcceleratorState

from harness.cache import _Choice, cache_folder, default_cache_folder
from harness.cli.main import main
from harness.forecast import add_to_ledger
from harness.grid.execution.base_losses import BASE_LOSS, keep_loss
from harness.grid.execution.job import Job
from harness.grid.execution.joint_training import run_joint_training
from harness.grid.execution.worker import run_job
from harness.types import CellForecast, CellResult


@contextmanager
def cells_in_process(on_round: Callable[[Sequence[Job]], None] = lambda _: None) -> Iterator[None]:
    """Runs of this block train and score their cells here. What libraries print goes to the log of the cell, as it does in a worker.

    How fast the models answer is not measured: it takes seconds for each, and has tests of its own.

    Args:
        on_round: called with cells that are to run before the first of them.
    """

    def run(scheduler: Any, jobs: Sequence[Job], *, on_event: Any = None, **_: Any) -> None:
        cells, show = [job for job in jobs if not job.serving_seconds], on_event or scheduler._on_event
        losses: dict[str, Mapping[str, Any]] = {}

        def tell(event: Mapping[str, Any]) -> None:
            if event["event"] == BASE_LOSS:
                keep_loss(losses, event)
            else:
                show(event)

        if cells:
            on_round(cells)
        for job in cells:
            work = run_joint_training if job.together else run_job
            tell({"event": "start", "cell": job.cell})
            folder = Path(job.run) / "cells" / job.cell
            folder.mkdir(parents=True, exist_ok=True)
            with new_accelerator(), (folder / "log.txt").open("a", encoding="utf-8") as log, redirect_stdout(log), redirect_stderr(log):
                work(replace(job, base_losses=losses), lambda event, cell=job.cell: tell({"cell": cell} | event))  # type: ignore[misc]
            tell({"event": "exit", "cell": job.cell, "code": 0})

    with pytest.MonkeyPatch.context() as patch:
        replace_scheduler(patch, run)
        patch.setattr("harness.cache._Choice.folder", _Choice.folder)  # a cell chooses the folder of its process; this one comes back
        yield


def replace_scheduler(patch: pytest.MonkeyPatch, run: Callable[..., object]) -> None:
    """Let `run` take the place of `CellScheduler.run`, and start no processes for cells while a run is planned."""
    patch.setattr("harness.grid.execution.run.CellScheduler.run", run)
    patch.setattr("harness.grid.execution.run.add_to_ledger", _add_beside_the_users)
    patch.setattr("harness.grid.execution.early_processes.EarlyProcesses.start", lambda *_: None)


def _add_beside_the_users(result: CellResult, forecast: CellForecast) -> None:
    """Add a record where the test has a cache folder of its own. The user's forecasts must not be corrected by what cells took in the
    process of a test, whose peak memory is that of all tests before."""
    if cache_folder() != default_cache_folder():
        add_to_ledger(result, forecast)


@contextmanager
def new_accelerator() -> Iterator[None]:
    """accelerate keeps the number format of the first training of a process, which neither the next cell nor a later test must have."""
    AcceleratorState._reset_state(reset_partial_state=True)
    try:
        yield
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)


def call_main(arguments: Sequence[str], *, here: Path, env: Mapping[str, str], given: str = "") -> tuple[int, str, str]:
    """`bench` with these arguments in the folder `here`, and with these variables instead of those of bench: exit code, output, errors."""
    out, err, terminate = io.StringIO(), io.StringIO(), signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("BENCH_")]:
            patch.delenv(name)
        for name, value in env.items():
            patch.setenv(name, value)
        patch.setattr("harness.cache._Choice.folder", None)  # the command chooses a folder; this one comes back afterwards
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        patch.chdir(here)
        patch.setattr("sys.argv", ["bench", *arguments])
        patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8"))
        try:
            with cells_in_process(), redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
                main()
        finally:
            signal.signal(signal.SIGTERM, terminate)
    assert isinstance(ended.value.code, int)
    return ended.value.code, out.getvalue(), err.getvalue()
