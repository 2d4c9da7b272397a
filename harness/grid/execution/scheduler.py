"""Hands out cells to an executor, passes their events on, and notices cells that ended without a result."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.errors import RunStoppedError
from harness.grid.execution.base_losses import BASE_LOSS, keep_loss
from harness.grid.execution.executor import Executor, OpenExecutor
from harness.grid.execution.job import Event, Job
from harness.grid.execution.memory_place import attempt_after_kill, describe_attempt, on_more_devices
from harness.grid.execution.system_limits import count_memory_kills, describe_peak, mentions_memory
from harness.store import RunFolder
from harness.types import CellResult, Status

_MOST_LOSSES = 3  # a cell that takes its machine down each time must not take down all of them


@dataclass
class _Round:
    """The cells of one round.

    Attributes:
        waiting: the next ones, in their order.
        places: how many devices they may use at a time.
        on_event: receives their events.
        running: by cell, with the number of the system's memory kills when it started.
        divided: by cell that has asked for it, how many processes are to train it next.
        losses: how many machines each cell has lost.
    """

    waiting: list[Job]
    places: int
    on_event: Callable[[Event], None]
    running: dict[str, tuple[Job, int]] = field(default_factory=dict)
    divided: dict[str, int] = field(default_factory=dict)
    losses: Counter[str] = field(default_factory=Counter)

    def take_next(self) -> Job | None:
        """The next cell, now running, if enough of the devices are free. A cell that needs more than there are runs alone."""
        taken = sum(job.devices for job, _ in self.running.values())
        if not self.waiting or (self.running and taken + self.waiting[0].devices > self.places):
            return None
        job = self.waiting.pop(0)
        self.running[job.cell] = job, count_memory_kills()
        return job


class CellScheduler:
    """Runs cells of a run, in one round or in several.

    The executor stays open between rounds with the same number of cells at a time, so that no round repeats the imports.
    """

    def __init__(
        self, folder: RunFolder, on_event: Callable[[Event], None], open_executor: OpenExecutor, devices: int | None = None
    ) -> None:
        """
        Args:
            devices: how many all cells together may use at a time; None: one for each cell that runs at the same time.
        """
        self._folder, self._on_event, self._open_executor = folder, on_event, open_executor
        self._devices = devices
        self._opened = ExitStack()
        self._at_once = 0  # of the open executor; 0: none is open
        self._executor: Executor | None = None
        self._events: Iterator[Event] = iter(())
        self._is_ready = False
        self._base_losses: dict[str, Mapping[str, Any]] = {}

    def __enter__(self) -> CellScheduler:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._opened.close()

    def run(
        self, jobs: Sequence[Job], *, at_once: int = 1, devices: int | None = None, on_event: Callable[[Event], None] | None = None
    ) -> None:
        """Run the cells in their order, `at_once` at a time as far as the devices suffice; returns when all have ended.

        A process that dies without a result (killed, or crashed in native code) makes a failed cell. A cell whose training the system kills
        because it runs out of memory, or that needs more devices, starts again at the next place of the memory ladder. A cell whose machine
        is lost runs again on another one; if it loses several, it is a failed cell.

        Args:
            devices, on_event: of this round; None: those of all rounds.

        Raises:
            RunStoppedError: the process that starts the others died, no process can be started, or the disk is full or read-only.
        """
        if not jobs:
            return
        cells = _Round(list(jobs), devices or self._devices or at_once, on_event or self._on_event)
        kills_before = count_memory_kills()
        self._open(at_once)
        if self._is_ready:
            self._start(cells)
        for event in self._events:
            if event["event"] == "stop":
                raise RunStoppedError(f"{self._folder.path}: {event['reason']}. Correct this, and run the same command again to resume.")
            if event["event"] == "divide":
                cells.divided[event["cell"]] = event["processes"]
                continue
            if event["event"] == BASE_LOSS:
                keep_loss(self._base_losses, event)
                continue
            if event["event"] not in ("ready", "exit", "lost"):
                cells.on_event(event)
                continue
            if event["event"] == "exit":
                self._end(cells, event)
            elif event["event"] == "lost":
                self._run_again(cells, event)
            self._is_ready = True
            self._start(cells)
            if not cells.running:
                return
        reason = "was killed because the system ran out of memory" if count_memory_kills() > kills_before else "stopped unexpectedly"
        raise RunStoppedError(f"the process that runs the cells {reason}. Run the same command again to resume.")

    def _open(self, at_once: int) -> None:
        """Open an executor, unless one for so many cells at a time is open."""
        if self._at_once == at_once:
            return
        self._opened.close()
        self._executor = self._opened.enter_context(self._open_executor(at_once))
        self._events, self._at_once, self._is_ready = self._executor.events(), at_once, False

    def _start(self, cells: _Round) -> None:
        """Start as many cells as can run."""
        assert self._executor is not None
        while job := cells.take_next():
            cells.on_event({"event": "start", "cell": job.cell})
            self._executor.start(replace(job, base_losses=dict(self._base_losses)))

    def _end(self, cells: _Round, event: Event) -> None:
        """Note the end of a cell, or put it first in the queue if it is to start again at another place of the memory ladder."""
        job, kills = cells.running.pop(event["cell"])
        if job.together:  # each of its cells has a job of its own after it, which trains it if this one did not
            cells.on_event(event)
            return
        processes = cells.divided.pop(job.cell, None)
        again = on_more_devices(job, processes) if processes else attempt_after_kill(job, self._folder.cell(job.cell), event, kills)
        if again is None:
            require_result(self._folder, event, kills)
            cells.on_event(event)
            return
        cells.on_event({"event": "again", "cell": job.cell, "reason": describe_attempt(again)})
        cells.waiting.insert(0, again)

    def _run_again(self, cells: _Round, event: Event) -> None:
        """Put the cell of a lost machine first in the queue, unless it has lost too many."""
        job, _ = cells.running.pop(event["cell"])
        cells.losses[job.cell] += 1
        if cells.losses[job.cell] < _MOST_LOSSES:
            cells.on_event(event)
            cells.waiting.insert(0, job)
            return
        error = f"{_MOST_LOSSES} machines were lost while they ran this cell, the last because {event['reason']}"
        store_failure(self._folder, job.cell, "failed", error)
        cells.on_event({"event": "exit", "cell": job.cell, "code": 1})


def require_result(folder: RunFolder, event: Event, memory_kills: int) -> None:
    """Store a failed result for a cell whose process ended without one.

    Args:
        memory_kills: the counter when the process started.
    """
    files = folder.cell(event["cell"])
    if files.is_finished():
        return
    killed = count_memory_kills() > memory_kills
    status, error = _cause_of_death(event["code"], killed, files.log, event.get("peak", 0))
    store_failure(folder, event["cell"], status, error)


def store_failure(folder: RunFolder, cell_id: str, status: Status, error: str) -> None:
    """Store the result of a cell that could not store its own."""
    cell = next(cell for cell in folder.plan().all_cells if cell.id == cell_id)
    folder.cell(cell_id).write_result(CellResult(cell, status, error=error))


def _cause_of_death(code: int, out_of_memory: bool, log: Path, peak: int = 0) -> tuple[Status, str]:
    """The status and the error of a cell whose process left no result.

    Args:
        peak: of its resident memory in bytes; 0 if that is not known.
    """
    if code == -signal.SIGKILL and out_of_memory:
        return "out-of-memory", f"the system ran out of memory and killed the cell's process{describe_peak(peak)}"
    end = f"was ended by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"ended with code {code}"
    if code != -signal.SIGKILL and mentions_memory(log):
        return "out-of-memory", f"the cell's process could not get more memory or another thread, and {end}; see {log.name} in its folder"
    return "failed", f"the cell's process {end} without a result; see {log.name} in its folder"
