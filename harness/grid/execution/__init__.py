"""From a plan to results: one process per cell, progress, resumption."""

from harness.grid.execution.cell_processes import prepare_to_fork
from harness.grid.execution.disk_space import check_disk_of_plan
from harness.grid.execution.early_processes import EarlyProcesses
from harness.grid.execution.executor import Executor, OpenExecutor
from harness.grid.execution.job import Event, Job
from harness.grid.execution.listener import Listener, Listeners
from harness.grid.execution.one_cell import run_one_cell
from harness.grid.execution.run import execute
from harness.grid.execution.scheduler import store_failure
from harness.grid.execution.stored_columns import keep_named_columns

__all__ = [
    "EarlyProcesses",
    "Event",
    "Executor",
    "Job",
    "Listener",
    "Listeners",
    "OpenExecutor",
    "check_disk_of_plan",
    "execute",
    "keep_named_columns",
    "prepare_to_fork",
    "run_one_cell",
    "store_failure",
]
