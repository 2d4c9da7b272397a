"""Hands out cells to processes, passes their events on, and notices processes that died."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.errors import RunStoppedError
from harness.grid.execution.cell_processes import open_cell_processes
from harness.grid.execution.job import Event, Job
from harness.grid.execution.system_limits import count_memory_kills, mentions_memory
from harness.store import RunFolder
from harness.types import CellResult, Status


def run_cells(folder: RunFolder, jobs: Sequence[Job], on_event: Callable[[Event], None], *, at_once: int = 1) -> None:
    """Run the cells in their order, `at_once` at a time; returns when all have ended.

    A process that dies without a result (killed, or crashed in native code) makes a failed cell.

    Raises:
        RunStoppedError: the process that starts the others died, no process can be started, or the disk is full or read-only.
    """
    if not jobs:
        return
    waiting = list(jobs)
    kills_before = count_memory_kills()
    memory_kills: dict[str, int] = {}  # by running cell, the counter when it started
    with open_cell_processes(at_once) as processes:
        for event in processes.events():
            if event["event"] == "stop":
                raise RunStoppedError(f"{folder.path}: {event['reason']}. Correct this, and run the same command again to resume.")
            if event["event"] not in ("ready", "exit"):
                on_event(event)
                continue
            if event["event"] == "exit":
                _require_result(folder, event, memory_kills.pop(event["cell"]))
                on_event(event)
            while waiting and len(memory_kills) < at_once:
                job = waiting.pop(0)
                on_event({"event": "start", "cell": job.cell})
                memory_kills[job.cell] = count_memory_kills()
                processes.start(job)
            if not memory_kills:
                return
    reason = "was killed because the system ran out of memory" if count_memory_kills() > kills_before else "stopped unexpectedly"
    raise RunStoppedError(f"the process that runs the cells {reason}. Run the same command again to resume.")


def _require_result(folder: RunFolder, event: Event, memory_kills: int) -> None:
    """Store a failed result for a cell whose process ended without one.

    Args:
        memory_kills: the counter when the process started.
    """
    files = folder.cell(event["cell"])
    if files.is_finished():
        return
    status, error = _cause_of_death(event["code"], count_memory_kills() > memory_kills, files.log)
    cell = next(cell for cell in folder.plan().all_cells if cell.id == event["cell"])
    files.write_result(CellResult(cell, status, error=error))


def _cause_of_death(code: int, out_of_memory: bool, log: Path) -> tuple[Status, str]:
    """The status and the error of a cell whose process left no result."""
    if code == -signal.SIGKILL and out_of_memory:
        return "out-of-memory", "the system ran out of memory and killed the cell's process"
    end = f"was ended by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"ended with code {code}"
    if code != -signal.SIGKILL and mentions_memory(log):
        return "out-of-memory", f"the cell's process could not get more memory or another thread, and {end}; see {log.name} in its folder"
    return "failed", f"the cell's process {end} without a result; see {log.name} in its folder"
