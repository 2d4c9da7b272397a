"""The process of one cell: it runs the cell and stores its result, or the reason why there is none."""

from __future__ import annotations

import json
import os
import re
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from harness.cache import use_cache_folder
from harness.engine.tuning import DivergedError
from harness.errors import BenchError, first_line
from harness.grid.execution.cell_group import GroupFailedError
from harness.grid.execution.cell_kinds import open_cell_run
from harness.grid.execution.job import Emit, Event, Job
from harness.grid.execution.joint_training import run_joint_training
from harness.grid.execution.memory_place import NeedsMoreDevicesError
from harness.grid.execution.served_run import run_served_job
from harness.grid.execution.serving_run import run_serving_job
from harness.grid.execution.system_limits import find_disk_problem, is_memory_error
from harness.plugins import use_plugin_files
from harness.types import CellForecast, CellResult, Status

_UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def run_process(job: Job, events: int) -> NoReturn:
    """Run the cell as the only work of this process, and end it. What libraries print goes to the cell's log.

    Args:
        events: the file descriptor that takes one JSON event per line.
    """
    code = 1
    try:
        os.umask(0o077)  # what the cell writes may hold what patients said: only the user can read it
        folder = Path(job.run) / "cells" / job.cell
        folder.mkdir(parents=True, exist_ok=True)
        log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        _choose_work(job)(job, lambda event: send_event(events, event))
        code = 0
    except BaseException as error:
        if problem := find_disk_problem(error):
            send_event(events, {"event": "stop", "reason": f"cannot be written: {problem}"})
        else:
            traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # without the clean-up of the process that it was forked from


def _choose_work(job: Job) -> Callable[[Job, Emit], object]:
    if job.together:
        return run_joint_training
    return run_served_job if job.server else run_serving_job if job.serving_seconds else run_job


def send_event(fd: int, event: Event) -> None:
    """Write an event as one line of JSON."""
    view = memoryview(json.dumps(event).encode() + b"\n")
    while view:
        view = view[os.write(fd, view) :]


def run_job(job: Job, emit: Emit) -> Status | None:
    """Run the cell and store its result, whatever the outcome; None if it has none yet, because it needs more devices.

    Raises:
        Exception: the result cannot be stored, because the disk is full or read-only.
    """
    use_cache_folder(Path(job.cache_folder))
    cell_run = open_cell_run(job, emit)
    try:
        with use_plugin_files(list(job.plugins), list(job.plugins.values())):
            result, predictions = cell_run.run()
    except NeedsMoreDevicesError as error:
        emit({"event": "divide", "processes": error.processes})
        return None
    except Exception as error:
        traceback.print_exc()  # into the cell's log
        if find_disk_problem(error):
            raise  # a cell that could not be stored has no result: it runs again
        status, message = classify(error)
        if status == "out-of-memory":
            message += describe_need(cell_run.plan.forecasts.get(job.cell), job.killed_bytes)
        result = CellResult(cell_run.cell, status, cell_run.meter.costs(), cell_run.provenance(), message)
        cell_run.files.write_result(result)
        return status
    cell_run.files.write_result(result, predictions)
    return result.status


def _least_memory(message: str) -> int:
    """The bytes that a GPU would have needed at least, from torch's message about one; 0 if it does not say."""
    amounts = (re.search(rf"{words} ([\d.]+) ([KMG]iB)", message) for words in ("Tried to allocate", "Of the allocated memory"))
    sizes = [float(amount[1]) * _UNITS[amount[2]] for amount in amounts if amount]
    return round(sum(sizes)) if len(sizes) == 2 else 0


def describe_need(forecast: CellForecast | None, killed_bytes: int | None) -> str:
    """What is known of the memory that a cell would need, as the end of a message."""
    needs = []
    if killed_bytes:
        needs.append(f"its process had {killed_bytes / 1e9:.1f} GB when the system killed it")
    if forecast is not None and forecast.fits is False and forecast.memory is not None:
        needs.append(f"forecast to need {forecast.memory.total / 1e9:.1f} GB at least")
    return f" ({'; '.join(needs)})" if needs else ""


def classify(error: Exception) -> tuple[Status, str]:
    """The status of a cell that ended with an exception, and one line for people."""
    message = first_line(error)
    if isinstance(error, GroupFailedError):
        return error.status, message
    if isinstance(error, DivergedError):
        return "diverged", message
    if is_memory_error(error):
        import torch

        total = f" in {torch.cuda.get_device_properties(0).total_memory / 2**30:.0f} GiB" if torch.cuda.is_available() else ""
        least = _least_memory(message)
        needed = f"; it needs at least {least / 2**30:.1f} GiB" if least else ""
        return "out-of-memory", f"does not fit{total}{needed}: {message}"
    return "failed", message if isinstance(error, BenchError) else f"{type(error).__name__}: {message}"


def is_expected(error: Exception) -> bool:
    """Whether an exception says what went wrong: not one that a library raised because something else had gone wrong before."""
    return isinstance(error, BenchError | DivergedError) or is_memory_error(error) or find_disk_problem(error) is not None
