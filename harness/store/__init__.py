"""A run on disk. The only code that knows how a run folder is laid out."""

from harness.store.folder import CellFolder, RunFolder
from harness.store.lock import RunLock
from harness.store.plan import RunPlan
from harness.store.run import Run
from harness.store.runs import create_run, find_finished_cell, find_unfinished, open_run, reuse_cell

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
