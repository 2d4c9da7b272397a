"""Hands out cells to processes, passes their events on, and notices processes that died."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from harness.errors import RunStoppedError
from harness.grid.execution.cell_processes import CellProcesses, open_cell_processes
from harness.grid.execution.job import Event, Job
from harness.grid.execution.system_limits import count_memory_kills, mentions_memory
from harness.store import RunFolder
from harness.types import CellResult, Status


class CellScheduler:
    """Runs cells of a run, in one round or in several.

    The processes that start cells stay open between rounds with the same number of cells at a time, so that no round repeats the imports.
    """

    def __init__(self, folder: RunFolder, on_event: Callable[[Event], None]) -> None:
        self._folder, self._on_event = folder, on_event
        self._opened = ExitStack()
        self._at_once = 0  # of the open processes; 0: none are open
        self._processes: CellProcesses | None = None
        self._events: Iterator[Event] = iter(())
        self._is_ready = False

    def __enter__(self) -> CellScheduler:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._opened.close()

    def run(self, jobs: Sequence[Job], *, at_once: int = 1) -> None:
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
        self._open(at_once)
        if self._is_ready:
            self._start(waiting, memory_kills)
        for event in self._events:
            if event["event"] == "stop":
                raise RunStoppedError(f"{self._folder.path}: {event['reason']}. Correct this, and run the same command again to resume.")
            if event["event"] not in ("ready", "exit"):
                self._on_event(event)
                continue
            if event["event"] == "exit":
                _require_result(self._folder, event, memory_kills.pop(event["cell"]))
                self._on_event(event)
            self._is_ready = True
            self._start(waiting, memory_kills)
            if not memory_kills:
                return
        reason = "was killed because the system ran out of memory" if count_memory_kills() > kills_before else "stopped unexpectedly"
        raise RunStoppedError(f"the process that runs the cells {reason}. Run the same command again to resume.")

    def _open(self, at_once: int) -> None:
        """Open the processes, unless those for so many cells at a time are open."""
        if self._at_once == at_once:
            return
        self._opened.close()
        self._processes = self._opened.enter_context(open_cell_processes(at_once))
        self._events, self._at_once, self._is_ready = self._processes.events(), at_once, False

    def _start(self, waiting: list[Job], memory_kills: dict[str, int]) -> None:
        """Start as many cells as can run."""
        assert self._processes is not None
        while waiting and len(memory_kills) < self._at_once:
            job = waiting.pop(0)
            self._on_event({"event": "start", "cell": job.cell})
            memory_kills[job.cell] = count_memory_kills()
            self._processes.start(job)


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
