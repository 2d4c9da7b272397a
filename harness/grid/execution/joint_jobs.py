"""The jobs of cells that train together, before each cell has its own job, in which it answers."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.grid.execution.job import Event, Job
from harness.grid.execution.scheduler import CellScheduler
from harness.grid.execution.training_outcome import is_trained
from harness.grid.planning import group_joint_cells
from harness.store import RunFolder, RunPlan
from harness.types import Cell


def make_joint_jobs(plan: RunPlan, folder: RunFolder, cells: Sequence[Cell], make_job: Callable[[Cell], Job]) -> list[Job]:
    """A job for each group of cells that can train together and have not trained yet.

    Cells at different places of the memory ladder, where an earlier attempt or a forecast has put them, are in different groups. Those that
    need several devices train alone.
    """
    untrained = {cell.id: make_job(cell) for cell in cells if not is_trained(folder.cell(cell.id))}
    jobs = {cell: job for cell, job in untrained.items() if job.processes == 1}
    places = dict.fromkeys(job.place for job in jobs.values())
    at_place = [[cell for cell in cells if cell.id in jobs and jobs[cell.id].place == place] for place in places]
    groups = [group for several in at_place for group in group_joint_cells(plan, several)]
    return [replace(jobs[group[0].id], together=tuple(cell.id for cell in group)) for group in groups]


def run_cells(
    cells: Sequence[Cell],
    make_job: Callable[[Cell], Job],
    joint: Sequence[Job],
    scheduler: CellScheduler,
    at_once: int,
    on_event: Callable[[Event], None],
) -> None:
    """Let cells run, so many processes at a time, after those of joint jobs have trained together. Raises as the scheduler.

    Args:
        on_event: receives the events of joint jobs; all others have their receiver already.
    """
    if joint:
        scheduler.run(joint, at_once=at_once, on_event=JointEvents(joint, on_event))
    if cells:
        scheduler.run([make_job(cell) for cell in cells], at_once=at_once)


class JointEvents:
    """Passes the events of joint trainings on, except for their own start and end: each cell tells by itself when it trains. Of a process
    that dies, the end becomes one for each cell that it was training.
    """

    def __init__(self, jobs: Sequence[Job], on_event: Callable[[Event], None]) -> None:
        self._cells = {job.cell: job.together for job in jobs}
        self._on_event = on_event
        self._training: set[str] = set()

    def __call__(self, event: Event) -> None:
        kind, cell = event["event"], event["cell"]
        if kind == "exit":
            self._end(cell, event["code"])
        elif kind != "start" or "together" in event:
            if kind == "start":
                self._training.add(cell)
            elif kind in ("trained", "apart"):
                self._training.discard(cell)
            self._on_event(event)

    def _end(self, first: str, code: int) -> None:
        end = f"was ended by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"ended with code {code}"
        for cell in self._cells[first]:
            if cell in self._training:
                self._training.discard(cell)
                self._on_event({"event": "apart", "cell": cell, "reason": f"the process of the cells that trained together {end}"})
