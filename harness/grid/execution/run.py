"""Carrying out a plan: a new run or the one that was interrupted, cells that need not run again, and the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from harness.data.identity import normalized_inputs_digest
from harness.errors import BenchError
from harness.grid.execution.external_cells import finish_cells
from harness.grid.execution.job import Job
from harness.grid.execution.scheduler import run_cells
from harness.grid.planning import Planned
from harness.store import RunFolder, RunLock, StoredRun, create_run, find_finished_cell, find_unfinished_run, reuse_cell
from harness.types import Cell, CellResult


class Listener(Protocol):
    """Whoever shows a run to people."""

    def started(self, folder: RunFolder, resumed: bool) -> None:
        """The run's folder is known."""

    def reused(self, cell: Cell, run: str) -> None:
        """A cell was taken from another run."""

    def event(self, event: Mapping[str, Any]) -> None:
        """Something about a cell: start, phase, progress, exit."""


def execute(
    planned: Planned,
    runs: Path,
    listener: Listener,
    *,
    fresh: bool = False,
    resume: StoredRun | None = None,
    reuse: bool = True,
    at_once: int = 1,
    before_end: Callable[[StoredRun], None] = lambda _: None,
) -> StoredRun:
    """Run every cell of the plan that has no result yet.

    Args:
        fresh: start a new run even if one of this plan was interrupted.
        resume: go on with this run, which must be of this plan.
        reuse: take cells with the same id that are done in other runs, at this run's price.
        before_end: called with the run while its lock is still held.

    Raises:
        BenchError: when another process works on the run, or `resume` is of another plan.
    """
    plan = planned.plan
    if at_once > 1 and planned.device.kind == "cuda":
        raise BenchError("--jobs needs a device for each cell, and there is one GPU: cells that share it would spoil each other's costs")
    if resume is not None and resume.plan.digest != plan.digest:
        raise BenchError(
            f"{resume.path}: cannot go on, because the data, the model, the tasks, the strategies or the versions "
            "have changed since it began. Start a new run: cells that are unchanged are reused."
        )
    found = resume.folder if resume is not None else None if fresh else find_unfinished_run(runs, plan.digest)
    folder = found or create_run(runs, plan)
    with RunLock(folder.path):
        if found is None:
            folder.write_plan(plan)
        listener.started(folder, resumed=found is not None)
        for task, splits in planned.splits.items():
            digests = {e.id: normalized_inputs_digest(e) for e in (*splits.train, *splits.validation, *splits.test)}
            folder.write_data(task, splits, digests)
        missing = [cell for cell in plan.cells if not folder.cell(cell.id).is_finished()]
        finish_cells(folder, plan, [cell for cell in missing if cell.id in planned.external_predictions], planned.external_predictions)
        missing = [cell for cell in missing if cell.id not in planned.external_predictions]
        for cell in list(missing) if reuse else ():
            done = find_finished_cell(runs, cell.id, other_than=folder.path)
            if done is not None:
                reuse_cell(done, folder.cell(cell.id), _repriced(done.result(), plan.options["price"]))
                listener.reused(cell, done.path.parent.parent.name)
                missing.remove(cell)
        try:
            run_cells(folder, [_job(planned, folder, cell) for cell in missing], listener.event, at_once=at_once)
        finally:  # an interrupted run holds no training rows either: going on writes them again
            folder.remove_working_files()
        run = StoredRun(folder)
        before_end(run)
    return run


def _repriced(result: CellResult, price: Mapping[str, Any]) -> CellResult:
    """What the same seconds cost at this run's price: all cells of a report are priced alike."""
    hour = price["per_hour"]
    costs = tuple(
        replace(cost, price=None if hour is None else cost.seconds / 3600 * hour, currency=price["currency"]) for cost in result.costs
    )
    return replace(result, costs=costs)


def _job(planned: Planned, folder: RunFolder, cell: Cell) -> Job:
    device = {"kind": planned.device.kind, "name": planned.device.name, "dtype": planned.device.dtype}
    every = float(os.environ.get("BENCH_CHECKPOINT_SECONDS", "30"))
    return Job(str(folder.path.resolve()), cell.id, str(planned.sources[cell.model].folder), device, every)
