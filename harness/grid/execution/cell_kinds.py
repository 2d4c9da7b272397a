"""What a cell is: one of the grid, a cascade of two others, one of the leak test, or of the search."""

from __future__ import annotations

from pathlib import Path

from harness.engine.distributed import ONE_PROCESS, ProcessGroup
from harness.grid.execution.cascade_run import CascadeRun
from harness.grid.execution.cell_run import CellRun
from harness.grid.execution.job import Emit, Job
from harness.grid.execution.leak_test_run import LeakTestRun
from harness.grid.execution.trial_run import TrialRun
from harness.store import RunFolder


def open_cell_run(job: Job, emit: Emit, group: ProcessGroup = ONE_PROCESS) -> CellRun:
    """The work on a cell, or the part of it that is done by one of the processes that train the cell together."""
    plan = RunFolder(Path(job.run)).plan()
    if job.cell in plan.trials:
        return TrialRun(job, emit, group)
    cell = next((each for each in plan.cells if each.id == job.cell), None)
    if cell is not None and plan.get_strategy(cell).method == "cascade":
        return CascadeRun(job, emit, group)
    is_leak_test = any(cell.id == job.cell for cell in plan.leak_cells)
    return (LeakTestRun if is_leak_test else CellRun)(job, emit, group)
