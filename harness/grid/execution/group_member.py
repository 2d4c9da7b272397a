"""One of the processes that train a cell together, or answer with a part of the model each."""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from harness.cache import use_cache_folder
from harness.engine.distributed import join_group
from harness.engine.tuning import GroupMemoryError
from harness.grid.execution.cell_kinds import open_cell_run
from harness.grid.execution.job import GroupWork, Job
from harness.grid.execution.system_limits import find_disk_error
from harness.grid.execution.worker import classify, is_expected, send_event
from harness.plugins import use_plugin_files


def run_member(job: Job, rank: int, meeting_point: str, events: int, work: GroupWork) -> NoReturn:
    """Do this work as the process of this number, from 0, and end. The first process stores trained weights, and sends answers.

    Args:
        meeting_point: the file in which the processes find each other.
        events: the file descriptor that takes one JSON event per line; `finished` or `failed` is the last.
    """
    code = 1
    try:
        os.umask(0o077)
        use_cache_folder(Path(job.cache_folder))
        with (
            join_group(rank, job.processes, Path(meeting_point), job.device["kind"]) as group,
            use_plugin_files(list(job.plugins), list(job.plugins.values())),
        ):
            emit = (lambda event: send_event(events, event)) if group.is_first else (lambda event: None)
            run = open_cell_run(job, emit, group)
            done = run.answer_in_group() if work == "answer" else run.train_in_group()
            if group.is_first:
                send_event(events, {"event": "finished", **done})
        code = 0
    except Exception as error:
        traceback.print_exc()  # into the cell's log
        status, message = classify(error)
        failure = {"status": status, "error": message, "expected": is_expected(error), "errno": find_disk_error(error)}
        place = asdict(error.place) if isinstance(error, GroupMemoryError) else None
        send_event(events, {"event": "failed", **failure, "place": place})
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # a communication library may still wait for a process that is gone
