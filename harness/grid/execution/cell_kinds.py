"""What a cell is: one of the grid, of the leak test, or of the search."""

from __future__ import annotations

from pathlib import Path

from harness.grid.execution.cell_run import CellRun
from harness.grid.execution.job import Emit, Job
from harness.grid.execution.leak_test_run import LeakTestRun
from harness.grid.execution.trial_run import TrialRun
from harness.store import RunFolder


def open_cell_run(job: Job, emit: Emit) -> CellRun:
    """The work on a cell."""
    plan = RunFolder(Path(job.run)).plan()
    if job.cell in plan.trials:
        return TrialRun(job, emit)
    is_leak_test = any(cell.id == job.cell for cell in plan.leak_cells)
    return (LeakTestRun if is_leak_test else CellRun)(job, emit)
