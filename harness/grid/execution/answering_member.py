"""One of the processes that answer the test examples of a cell."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NoReturn

from harness.cache import use_cache_folder
from harness.grid.execution.cell_run import CellRun
from harness.grid.execution.job import Job
from harness.grid.execution.worker import send_event
from harness.plugins import use_plugin_files
from harness.store import to_json_line
from harness.types import Prediction


def run_answering_member(job: Job, rank: int, batches: Collection[int], events: int) -> NoReturn:
    """Answer the batches with these numbers, and end. An error goes to the cell's log, and ends this process alone.

    Args:
        rank: the number of this process, which on GPUs uses that of the cell's GPUs.
        events: the file descriptor that takes each batch, as one line of JSON.
    """

    def send(batch: Sequence[Prediction]) -> None:
        send_event(events, {"event": "answers", "answers": [to_json_line(Prediction, each) for each in batch]})

    code = 1
    try:
        os.umask(0o077)
        use_cache_folder(Path(job.cache_folder))
        if job.device["kind"] == "cuda":
            import torch

            torch.cuda.set_device(rank)
        with use_plugin_files(list(job.plugins), list(job.plugins.values())):
            CellRun(job, lambda event: None).answer(batches, send)
        code = 0
    except Exception:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
