"""The processes that train a cell together, or answer with a part of the model each, as the cell's own process sees them.

That process starts them, passes the first one's events on, and waits. It uses no device meanwhile, so that the trained weights find an
empty one. A process that fails or dies ends the others, which would otherwise wait for it.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.grid.execution.job import Emit, Event, GroupWork, Job
from harness.grid.execution.memory_place import after_kill, save_place
from harness.grid.execution.system_limits import count_memory_kills, describe_peak, mentions_memory, peak_of_children
from harness.measure import usable_cores
from harness.store import CellFolder
from harness.types import MEMORY_STEPS, LadderPlace, MemoryStep, Status

_GRACE_SECONDS = 5.0  # for the process at fault to be heard, when another one has already lost its connection to it
_MEMBER = """
import os
events = os.dup(1)  # not for libraries, which print to standard output
os.dup2(2, 1)
from harness.parent_watch import end_with_parent
end_with_parent(0)
import json, sys
from harness.grid.execution.group_member import run_member
from harness.grid.execution.job import read_job
run_member(read_job(json.loads(sys.argv[1])), int(sys.argv[2]), sys.argv[3], events, sys.argv[4])
"""


class GroupFailedError(Exception):
    """A process of the group failed. The text is for people."""

    def __init__(
        self, status: Status, text: str, certainty: int, place: LadderPlace | None = None, killed_bytes: int | None = None
    ) -> None:
        """
        Args:
            certainty: how sure it is that this process was at fault, and did not only lose its connection to another.
            place: where on the memory ladder it may fit, if it did not.
            killed_bytes: the resident memory with which the system has killed it because there was no more; None if it did not.
        """
        super().__init__(text)
        self.status, self.certainty, self.place, self.killed_bytes = status, certainty, place, killed_bytes


def run_group(job: Job, files: CellFolder, emit: Emit, restarts: Sequence[MemoryStep] = ()) -> Mapping[str, Any]:
    """Train the cell in `job.processes` processes; returns the `finished` event of the first one.

    If one of them runs out of memory, all start again from the last checkpoint, at the next place of the memory ladder.

    Args:
        restarts: the steps of the ladder that are taken once the processes find none, in their order.

    Raises:
        GroupFailedError: a process failed; its cause is an `OSError` if the disk is full or read-only.
    """
    steps = [step for step in restarts if MEMORY_STEPS.index(step) > MEMORY_STEPS.index(job.place.step)]
    while True:
        save_place(files, job)
        try:
            return _run_once(job, files, emit, "train")
        except GroupFailedError as error:
            following = _next_attempt(job, files, error, steps)
            if following is None:
                raise
            job = following


def answer_in_group(job: Job, files: CellFolder, emit: Emit) -> Mapping[str, Any]:
    """Answer the test examples in `job.processes` processes; returns the `finished` event of the first one.

    Args:
        emit: receives the answers, too, as `answers` events.

    Raises:
        GroupFailedError: as `run_group`.
    """
    return _run_once(job, files, emit, "answer")


def _next_attempt(job: Job, files: CellFolder, error: GroupFailedError, steps: list[MemoryStep]) -> Job | None:
    """The job at the next place of the ladder; None if memory was not the problem, or nothing is left. Takes its step from `steps`."""
    if error.place is not None:
        return replace(job, place=error.place, killed_bytes=None)
    if error.killed_bytes is not None:
        return after_kill(job, files, error.killed_bytes)
    if error.status == "out-of-memory" and steps:
        return replace(job, place=LadderPlace(steps.pop(0)), killed_bytes=None)
    return None


def _run_once(job: Job, files: CellFolder, emit: Emit, work: GroupWork) -> Mapping[str, Any]:
    with TemporaryDirectory(prefix="bench-") as folder:
        group = _Group(job, Path(folder) / "meeting-point", files.log, work)
        try:
            return group.watch(emit)
        finally:
            group.close()


class _Group:
    def __init__(self, job: Job, meeting_point: Path, log: Path, work: GroupWork) -> None:
        self._log = log
        self._memory_kills = count_memory_kills()
        self._events: queue.SimpleQueue[tuple[int, Event]] = queue.SimpleQueue()
        self._members: list[subprocess.Popen[bytes]] = []
        for rank in range(job.processes):
            arguments = [json.dumps(asdict(job)), str(rank), str(meeting_point), work]
            member = subprocess.Popen(
                [sys.executable, "-P", "-c", _MEMBER, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=member_environment(job),
            )
            self._members.append(member)
            threading.Thread(target=self._relay, args=(rank, member), daemon=True).start()

    def watch(self, emit: Emit) -> Mapping[str, Any]:
        """Wait until all have ended."""
        finished: Event = {}
        failures: dict[int, GroupFailedError] = {}
        running = len(self._members)
        while running:
            try:
                rank, event = self._events.get(timeout=_GRACE_SECONDS if failures else None)
            except queue.Empty:
                break
            kind = event["event"]
            if kind == "exit":
                running -= 1
                if event["code"] != 0 and rank not in failures:
                    failures[rank] = self._explain_death(rank, event["code"])
            elif kind == "failed":
                failures[rank] = self._explain_failure(event)
            elif kind == "finished":
                finished = event
            else:
                emit(event)
            if any(failure.certainty > 0 for failure in failures.values()):
                break
        if failures:
            raise max(failures.values(), key=lambda failure: failure.certainty)  # the first of several
        return finished

    def close(self) -> None:
        """End those that still run."""
        for member in self._members:
            member.kill()
            assert member.stdin is not None
            member.stdin.close()
            member.wait()

    def _relay(self, rank: int, member: subprocess.Popen[bytes]) -> None:
        assert member.stdout is not None
        with member.stdout:
            for line in member.stdout:
                with suppress(ValueError):  # the last line of a process that was killed
                    self._events.put((rank, json.loads(line)))
        self._events.put((rank, {"event": "exit", "code": member.wait()}))

    def _explain_failure(self, event: Event) -> GroupFailedError:
        place = LadderPlace(**event["place"]) if event["place"] is not None else None
        failure = GroupFailedError(event["status"], event["error"], 2 if event["expected"] else 0, place)
        if event["errno"]:
            failure.__cause__ = OSError(event["errno"], os.strerror(event["errno"]))
        return failure

    def _explain_death(self, rank: int, code: int) -> GroupFailedError:
        process = f"process {rank + 1} of {len(self._members)}"
        if code == -signal.SIGKILL and count_memory_kills() > self._memory_kills:
            peak = peak_of_children()
            text = f"the system ran out of memory and killed {process}{describe_peak(peak)}"
            return GroupFailedError("out-of-memory", text, certainty=1, killed_bytes=peak)
        end = f"was ended by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"ended with code {code}"
        if code != -signal.SIGKILL and mentions_memory(self._log):
            text = f"{process} could not get more memory or another thread, and {end}; see {self._log.name} in the cell's folder"
            return GroupFailedError("out-of-memory", text, certainty=1)
        return GroupFailedError("failed", f"{process} {end}; see {self._log.name} in the cell's folder", certainty=1)


def member_environment(job: Job) -> dict[str, str]:
    """The environment of one of several processes that work on a cell.

    They share the cores. Threads that spin while they wait would take them from the other processes.
    """
    given = os.environ.get("OMP_NUM_THREADS", "")  # of the cell
    threads = max(1, (int(given) if given.isascii() and given.isdecimal() else usable_cores()) // job.processes)
    kept = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    return {"OMP_WAIT_POLICY": "PASSIVE", **kept, "OMP_NUM_THREADS": str(threads)}
