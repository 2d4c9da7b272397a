"""Starts the fork server, hands out cells, passes their events on, and notices processes that died."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from harness.errors import RunStoppedError
from harness.grid.execution.job import Event, Job
from harness.measure import usable_cores
from harness.store import RunFolder
from harness.types import CellResult, Status

_STOPPED = "the process that runs the cells stopped unexpectedly. Run the same command again to resume."
_SHUTDOWN_SECONDS = 30


def run_cells(folder: RunFolder, jobs: Sequence[Job], on_event: Callable[[Event], None], *, at_once: int = 1) -> None:
    """Run the cells in their order, `at_once` at a time; returns when all have ended.

    A process that dies without a result (killed, or crashed in native code) makes a failed cell.

    Raises:
        RunStoppedError: the fork server itself died.
    """
    if not jobs:
        return
    waiting = list(jobs)
    memory_kills: dict[str, int] = {}  # by running cell, the counter when it started
    with _server(at_once) as server:
        for event in _events(server):
            if event["event"] not in ("ready", "exit"):
                on_event(event)
                continue
            if event["event"] == "exit":
                _require_result(folder, event, memory_kills.pop(event["cell"]))
                on_event(event)
            while waiting and len(memory_kills) < at_once:
                job = waiting.pop(0)
                on_event({"event": "start", "cell": job.cell})
                memory_kills[job.cell] = _count_memory_kills()
                _send(server, job)
            if not memory_kills:
                return
    raise RunStoppedError(_STOPPED)


def _require_result(folder: RunFolder, event: Event, memory_kills: int) -> None:
    """Store a failed result for a cell whose process ended without one.

    Args:
        memory_kills: the counter when the process started.
    """
    files = folder.cell(event["cell"])
    if files.is_finished():
        return
    status, error = _cause_of_death(event["code"], _count_memory_kills() > memory_kills, files.log)
    cell = next(cell for cell in folder.plan().cells if cell.id == event["cell"])
    files.write_result(CellResult(cell, status, error=error))


@contextmanager
def _server(at_once: int) -> Iterator[subprocess.Popen[bytes]]:
    threads = str(max(1, usable_cores() // at_once))
    environment = {"OMP_NUM_THREADS": threads, **_openmp_waiting(at_once), **os.environ, "TOKENIZERS_PARALLELISM": "false"}
    server = subprocess.Popen(
        # -P: Python files in the working directory are the user's and must not be imported
        [sys.executable, "-P", "-m", "harness.grid.execution.fork_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,  # Ctrl-C reaches only this process, which decides what happens to the cells
    )
    try:
        yield server
    finally:
        assert server.stdin is not None and server.stdout is not None
        with suppress(BrokenPipeError):
            server.stdin.close()  # the server then kills what is still running, and ends
        server.stdout.close()
        try:
            server.wait(timeout=_SHUTDOWN_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()


def _openmp_waiting(at_once: int) -> dict[str, str]:
    """How OpenMP's threads wait for each other; the user's own setting takes precedence.

    Threads that spin for long, the default, make busy processes on few cores much slower than one after the other. Threads that sleep
    at once cost a cell that runs alone a fifth of its speed (LoRA on the tiny model, 2 cores: 320 instead of 253 ms per step). A cell
    that runs alone therefore spins, but only briefly.
    """
    if "OMP_WAIT_POLICY" in os.environ:
        return {}
    return {"GOMP_SPINCOUNT": "30000"} if at_once == 1 else {"OMP_WAIT_POLICY": "PASSIVE"}


def _events(server: subprocess.Popen[bytes]) -> Iterator[Event]:
    assert server.stdout is not None
    for line in server.stdout:
        yield json.loads(line)


def _send(server: subprocess.Popen[bytes], job: Job) -> None:
    assert server.stdin is not None
    try:
        server.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
        server.stdin.flush()
    except BrokenPipeError:
        raise RunStoppedError(_STOPPED) from None


def _cause_of_death(code: int, out_of_memory: bool, log: Path) -> tuple[Status, str]:
    """The status and the error of a cell whose process left no result."""
    if code == -signal.SIGKILL and out_of_memory:
        return "out-of-memory", "the system ran out of memory and killed the cell's process"
    end = f"was ended by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"ended with code {code}"
    return "failed", f"the cell's process {end} without a result; see {log.name} in its folder"


def _count_memory_kills() -> int:
    """How often Linux's out-of-memory killer has acted: in this control group if that is known, else on the machine."""
    for counters in (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat")):
        for line in counters.read_text().splitlines() if counters.exists() else ():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
