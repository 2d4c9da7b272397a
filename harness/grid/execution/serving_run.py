"""What the models of finished cells take to answer: measured after all cells have ended, one model at a time.

Cells that run at the same time would slow each other down, and a cell that trains beside a measurement would spoil it. The measurement
therefore has a round of its own, which loads each model once more as it was scored. It is no part of a cell's identity: a cell that other
runs reuse takes its measurement along, and is measured again only where the number of cores has changed. An interrupted round continues
with the cells that were not measured.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.cache import use_cache_folder
from harness.engine.models import Device, ModelSource
from harness.engine.serving import measure_serving
from harness.errors import BenchError, first_line
from harness.grid.execution.job import Emit, Event, Job
from harness.grid.execution.system_limits import find_disk_problem
from harness.measure import usable_cores
from harness.results import FinishedCell
from harness.store import RunFolder, StoredRun
from harness.types import Cell, CellResult, ServingMeasurement, ServingSpeed

SHORTEST_SECONDS, LONGEST_SECONDS = 1.5, 60.0
_SHARE = 0.01  # of the time that the cell took


def choose_serving_seconds(result: CellResult, limit: float | None) -> float:
    """How long the measurement of a cell may take: a hundredth of what the cell took, but 1.5 to 60 seconds.

    Args:
        limit: the seconds that the user has chosen; None: none.
    """
    if limit is not None:
        return limit
    return min(LONGEST_SECONDS, max(SHORTEST_SECONDS, _SHARE * sum(cost.seconds for cost in result.costs)))


def needs_measurement(folder: RunFolder, cell: Cell) -> bool:
    """Whether a cell is done and its model was not measured, or on another number of cores. Without its weights it cannot be."""
    files = folder.cell(cell.id)
    if not files.is_finished() or not folder.plan().get_strategy(cell).has_model or files.list_removed():
        return False
    result = files.result()
    return result.status == "done" and (result.serving is None or result.serving.cores != usable_cores())


def run_serving_job(job: Job, emit: Emit) -> None:
    """Measure the model of a finished cell and store the outcome with its result. A failure is an outcome, too.

    Raises:
        Exception: the outcome cannot be stored, because the disk is full or read-only.
    """
    use_cache_folder(Path(job.cache_folder))
    run = StoredRun(RunFolder(Path(job.run)))
    finished = FinishedCell(run, next(cell for cell in run.cells if cell.id == job.cell))
    info = run.plan.models[finished.cell.model]
    source = ModelSource(info.name, info.origin, Path(job.model_folder), info.digest, info.revision)
    device = Device(job.device["kind"], job.device["name"], job.device["dtype"])
    begin = time.perf_counter()
    speeds: tuple[ServingSpeed, ...] = ()
    problem = ""
    try:
        speeds, problem = measure_serving(
            finished,
            source,
            device,
            job.serving_seconds,
            trust_remote_code=job.trust_remote_code,
            on_form=lambda form: emit({"event": "phase", "phase": f"speed, {form}"}),
        )
    except Exception as error:
        traceback.print_exc()  # into the cell's log
        if find_disk_problem(error):
            raise
        problem = first_line(error) if isinstance(error, BenchError) else f"{type(error).__name__}: {first_line(error)}"
    taken = time.perf_counter() - begin
    measured = ServingMeasurement(device.name, device.kind, usable_cores(), job.per_hour, job.currency, taken, speeds, problem)
    files = finished.files
    files.write_result(replace(files.result(), serving=measured), files=files.file_digests())


def renamed_events(on_event: Callable[[Event], None], start: str, end: str) -> Callable[[Event], None]:
    """Passes the events of work on finished cells on. The cell itself was over before, so that its start and its end are not told again."""
    names = {"start": start, "exit": end}
    return lambda event: on_event({**event, "event": names.get(event["event"], event["event"])})


def list_serving_jobs(folder: RunFolder, cells: Sequence[Cell], limit: float | None, make_job: Callable[[Cell], Job]) -> list[Job]:
    """A job for each of these cells that needs a measurement."""
    jobs = []
    for cell in cells:
        if needs_measurement(folder, cell):
            seconds = choose_serving_seconds(folder.cell(cell.id).result(), limit)
            price = folder.plan().options["price"]
            jobs.append(replace(make_job(cell), serving_seconds=seconds, per_hour=price["per_hour"], currency=price["currency"]))
    return jobs
