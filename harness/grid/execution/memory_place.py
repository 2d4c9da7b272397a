"""Where a cell's training is on the memory ladder, kept beside its checkpoints, and where its next attempt begins."""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace

from harness.engine.distributed import can_shard, can_stage
from harness.grid.execution.job import Event, Job
from harness.grid.execution.system_limits import count_memory_kills, describe_peak
from harness.grid.execution.training_outcome import is_trained
from harness.store import CellFolder, read_sealed, write_sealed
from harness.types import MEMORY_STEPS, LadderPlace, Shape, Strategy

_FILE = "memory.json"


@dataclass(frozen=True)
class MemoryPlace:
    """The last place that a training has taken.

    Attributes:
        device: the name of the device that it was taken on: another one may have more memory.
        processes: how many processes trained together.
    """

    device: str
    place: LadderPlace
    processes: int


class NeedsMoreDevicesError(Exception):
    """No step of the ladder is left on the devices of a cell, and its weights can be divided among more."""

    def __init__(self, processes: int) -> None:
        """
        Args:
            processes: how many to try next, each with a device of its own.
        """
        super().__init__(f"the cell does not fit, and starts again on {processes} devices")
        self.processes = processes


def require_devices(job: Job, strategy: Strategy, shape: Shape, *, to_answer: bool = False) -> None:
    """Ask for more devices, twice as many as before, if the cell may have them and its weights can be divided.

    Args:
        to_answer: whether the cell has trained, or trains nothing.

    Raises:
        NeedsMoreDevicesError: it may.
    """
    if job.most_processes > job.processes and (can_stage if to_answer else can_shard)(strategy, shape):
        raise NeedsMoreDevicesError(min(2 * job.processes, job.most_processes))


def on_more_devices(job: Job, processes: int) -> Job:
    """The job divided among so many processes. Activations do not become less by that, so gradient checkpointing stays on."""
    return replace(job.with_processes(processes), place=LadderPlace("gradient-checkpointing"), killed_bytes=None)


def save_place(files: CellFolder, job: Job) -> None:
    """Store where the attempt of a job begins."""
    files.checkpoint.mkdir(parents=True, exist_ok=True)
    stored = MemoryPlace(job.device["name"], job.place, job.processes)
    write_sealed(files.checkpoint / _FILE, MemoryPlace, stored, place=_FILE)


def at_stored_place(job: Job, files: CellFolder) -> Job:
    """The job at the place that an earlier attempt on such a device has stored, if that is further up the ladder.

    Raises:
        BenchError: the file is damaged.
    """
    file = files.checkpoint / _FILE
    if not file.is_file():
        return job
    stored = read_sealed(file, MemoryPlace, place=_FILE, advice="Delete the file: the training then begins as planned.")
    if stored.device != job.device["name"] or not 1 <= stored.processes <= max(job.processes, job.most_processes):
        return job
    if stored.processes > job.processes:
        return replace(job.with_processes(stored.processes), place=stored.place)
    is_further = MEMORY_STEPS.index(stored.place.step) >= MEMORY_STEPS.index(job.place.step)
    return replace(job, place=stored.place) if is_further and stored.processes == job.processes else job


def attempt_after_kill(job: Job, files: CellFolder, event: Event, memory_kills: int) -> Job | None:
    """The next attempt of a cell whose training the system has killed because it ran out of memory; None where nothing can be changed.

    What a training does to fit a GPU does not make its process smaller, so this is about CPUs.

    Args:
        event: the end of the process.
        memory_kills: the system's counter when it started.
    """
    killed = event["code"] == -signal.SIGKILL and count_memory_kills() > memory_kills
    began = (files.checkpoint / _FILE).is_file() and not is_trained(files)
    return after_kill(job, files, event.get("peak", 0)) if killed and began and not files.is_finished() else None


def after_kill(job: Job, files: CellFolder, resident: int) -> Job | None:
    """The next attempt of a training that was killed with so many bytes of resident memory; None if the last one changed nothing."""
    here = at_stored_place(job, files)
    if job.device["kind"] != "cpu" or (job.killed_bytes is not None and here.place == job.place):
        return None
    return replace(here, killed_bytes=resident)


def describe_attempt(job: Job) -> str:
    """Why a cell starts again, for the terminal."""
    if job.killed_bytes is None:
        return f"it did not fit {job.processes // 2 or 1} of its devices, and is divided among {job.processes}"
    return f"the system ran out of memory and killed it{describe_peak(job.killed_bytes)}"
