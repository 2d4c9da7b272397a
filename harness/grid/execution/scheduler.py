"""Drives the server: hands out cells, passes their events on, and notices processes that died."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.errors import RunStoppedError
from harness.grid.execution.job import Job
from harness.measure import usable_cores
from harness.store import RunFolder
from harness.types import CellResult, Status

Event = Mapping[str, Any]

_STOPPED = "the process that runs the cells stopped unexpectedly; the same command goes on where it stopped"


def run_cells(folder: RunFolder, jobs: Sequence[Job], on_event: Callable[[Event], None], *, at_once: int = 1) -> None:
    """Run the cells, `at_once` at a time, in their order; returns when all have ended.

    A process that dies without a result (killed, crashed in native code) becomes a failed cell.
    """
    if not jobs:
        return
    plan = folder.plan()
    cells = {cell.id: cell for cell in plan.cells}
    waiting = list(jobs)
    running = 0
    kills: dict[str, int] = {}  # by cell, when it started
    with _server(at_once) as server:
        for event in _events(server):
            if event["event"] in ("ready", "exit"):
                if event["event"] == "exit":
                    running -= 1
                    cell = folder.cell(event["cell"])
                    if not cell.is_finished():
                        status, error = _died(event["code"], _memory_kills() > kills[event["cell"]], cell.log)
                        cell.write_result(CellResult(cells[event["cell"]], status, error=error))
                    on_event(event)
                while waiting and running < at_once:
                    job = waiting.pop(0)
                    on_event({"event": "start", "cell": job.cell})
                    kills[job.cell] = _memory_kills()
                    _write(server, job)
                    running += 1
                if not running:
                    return
            else:
                on_event(event)
    raise RunStoppedError(_STOPPED)


@contextmanager
def _server(at_once: int) -> Iterator[subprocess.Popen[bytes]]:
    threads = str(max(1, usable_cores() // at_once))
    environment = {"OMP_NUM_THREADS": threads, **_waiting(at_once), **os.environ, "TOKENIZERS_PARALLELISM": "false"}
    server = subprocess.Popen(
        # -P: Python files in the working directory are the user's, not ours
        [sys.executable, "-P", "-m", "harness.grid.execution.fork_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,  # Ctrl-C goes to us alone, and we decide what becomes of the cells
    )
    try:
        yield server
    finally:
        assert server.stdin is not None and server.stdout is not None
        with suppress(BrokenPipeError):
            server.stdin.close()  # the server kills what still runs and leaves
        server.stdout.close()
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()


def _waiting(at_once: int) -> dict[str, str]:
    """How OpenMP's threads wait for each other; what the user has set wins.

    Threads that spin for long, the default, make busy processes on few cores slower than one after the other, by far. Threads that
    sleep at once cost a cell that runs alone a fifth of its speed (LoRA on the tiny model, 2 cores: 320 against 253 ms a step). A
    cell alone therefore spins, but only for a moment.
    """
    if "OMP_WAIT_POLICY" in os.environ:
        return {}
    return {"GOMP_SPINCOUNT": "30000"} if at_once == 1 else {"OMP_WAIT_POLICY": "PASSIVE"}


def _events(server: subprocess.Popen[bytes]) -> Iterator[Event]:
    assert server.stdout is not None
    for line in server.stdout:
        yield json.loads(line)


def _write(server: subprocess.Popen[bytes], job: Job) -> None:
    assert server.stdin is not None
    try:
        server.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
        server.stdin.flush()
    except BrokenPipeError:
        raise RunStoppedError(_STOPPED) from None


def _died(code: int, memory: bool, log: Path) -> tuple[Status, str]:
    """What to say of a process that left no result."""
    if code == -signal.SIGKILL and memory:
        return "out-of-memory", "the system ran out of memory and killed the cell's process"
    how = f"was ended by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"ended with code {code}"
    return "failed", f"the cell's process {how} without a result; see {log.name} in its folder"


def _memory_kills() -> int:
    """How often Linux's out-of-memory killer has struck: in our own control group where that is known, else on the machine."""
    for counters in (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat")):
        for line in counters.read_text().splitlines() if counters.exists() else ():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
