"""The jobs of cells that train together, before each cell has its own job, in which it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.grid.execution.job import Event, Job
from harness.grid.execution.training_outcome import is_trained
from harness.grid.planning import group_joint_cells
from harness.store import RunFolder, RunPlan
from harness.types import Cell


def make_joint_jobs(plan: RunPlan, folder: RunFolder, cells: Sequence[Cell], make_job: Callable[[Cell], Job]) -> list[Job]:
    """A job for each group of cells that can train together and have not trained yet."""
    untrained = [cell for cell in cells if not is_trained(folder.cell(cell.id))]
    return [replace(make_job(group[0]), together=tuple(cell.id for cell in group)) for group in group_joint_cells(plan, untrained)]


def without_ends(on_event: Callable[[Event], None]) -> Callable[[Event], None]:
    """Passes the events of joint trainings on, except for their own start and end: each cell tells by itself when it trains."""

    def receive(event: Event) -> None:
        if event["event"] != "exit" and not (event["event"] == "start" and "together" not in event):
            on_event(event)

    return receive
