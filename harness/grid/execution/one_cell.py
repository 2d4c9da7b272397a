"""One cell of a run on this machine, for an executor that has brought it here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harness.engine.models import Device
from harness.grid.execution.cell_processes import open_cell_processes
from harness.grid.execution.job import Event, Job
from harness.grid.execution.memory_place import attempt_after_kill
from harness.grid.execution.scheduler import require_result
from harness.grid.execution.system_limits import count_memory_kills
from harness.store import RunFolder


def run_one_cell(job: Job) -> Iterator[Event]:
    """Run a cell in a process of its own, on the first `job.devices` devices that this process sees.

    Closing the iterator early kills the cell's process.

    Yields:
        The events of the cell. The last one is `stop`, or `exit` when the cell has a result or `divides`, to start again on more devices.
    """
    device = Device(job.device["kind"], job.device["name"], job.device["dtype"], tuple(range(job.devices)))
    with open_cell_processes(device, 1) as processes:
        kills, divides = count_memory_kills(), False
        for event in processes.events():
            if event["event"] == "ready":
                processes.start(job)
                continue
            divides = divides or event["event"] == "divide"
            if event["event"] == "exit" and not divides:
                files = RunFolder(Path(job.run)).cell(job.cell)
                if again := attempt_after_kill(job, files, event, kills):
                    job, kills = again, count_memory_kills()
                    processes.start(job)
                    continue
                require_result(RunFolder(Path(job.run)), event, kills)
            yield {**event, "divides": divides} if event["event"] == "exit" else event
            if event["event"] in ("exit", "stop"):
                return
    yield {"cell": job.cell, "event": "stop", "reason": "the process that runs the cells stopped unexpectedly"}
