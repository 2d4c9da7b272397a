"""A run on disk. The only code that knows how a run folder is laid out."""

from harness.store.lock import RunLock
from harness.store.run_folder import CellFolder, RunFolder
from harness.store.run_plan import RunPlan
from harness.store.runs_folder import create_run, find_finished_cell, find_unfinished, open_run, reuse_cell
from harness.store.stored_run import Run

__all__ = [
    "CellFolder",
    "Run",
    "RunFolder",
    "RunLock",
    "RunPlan",
    "create_run",
    "find_finished_cell",
    "find_unfinished",
    "open_run",
    "reuse_cell",
]
