"""The job of a cell: what the plan, its forecast and earlier attempts say about how it runs."""

from __future__ import annotations

from dataclasses import asdict, replace

from harness.cache import cache_folder
from harness.grid.execution.job import Job
from harness.grid.execution.memory_place import at_stored_place, on_more_devices
from harness.grid.planning import Planned
from harness.plugins import plugin_files
from harness.store import RunFolder
from harness.types import Cell, LadderPlace


def make_job(
    planned: Planned,
    folder: RunFolder,
    cell: Cell,
    *,
    checkpoint_every: float = 0.0,
    shared_by: int = 1,
    devices_per_cell: int = 1,
    most_devices: int = 1,
) -> Job:
    """The job of a cell.

    Args:
        checkpoint_every: seconds between two checkpoints.
        shared_by: how many cells share the device.
        devices_per_cell: how many were asked for.
        most_devices: how many the cell may have if it fits no fewer.
    """
    device = {"kind": planned.device.kind, "name": planned.device.name, "dtype": planned.device.dtype}
    model, strategy = planned.sources[cell.model], planned.plan.get_strategy(cell)
    if strategy.is_whole_artifact:  # of which the run has a copy
        model = replace(model, folder=folder.cell(cell.id).artifact.resolve())
    trusts_code = bool(planned.plan.options["trust_remote_code"])
    support = planned.support_models.get(cell.task)
    job = Job(
        run=str(folder.path.resolve()),
        cell=cell.id,
        model_folder=str(model.folder),
        model_digest=model.digest,
        device=device,
        cache_folder=str(cache_folder()),
        checkpoint_every=checkpoint_every,
        at_once=shared_by,
        trust_remote_code=trusts_code,
        plugins={str(installed.file): installed.sha256 for installed in plugin_files()},
        support_model={} if support is None else {**asdict(support), "folder": str(support.folder)},
        trusts_support_model=trusts_code and support in planned.sources.values(),
    )
    job = replace(job, most_processes=max(devices_per_cell, most_devices))
    if strategy.train is None:  # it has several devices only if it does not fit one
        return _as_forecast(job, planned)
    job = job.with_processes(devices_per_cell)
    return at_stored_place(_as_forecast(job, planned), folder.cell(cell.id))


def _as_forecast(job: Job, planned: Planned) -> Job:
    """The job at the first step of the memory ladder that is forecast to fit a GPU, or on so many of them."""
    forecast = planned.plan.forecasts.get(job.cell)
    if job.device["kind"] != "cuda" or forecast is None or forecast.step is None:
        return job
    if forecast.step == "sharded":
        return on_more_devices(job, forecast.devices) if job.processes < forecast.devices <= job.most_processes else job
    return replace(job, place=LadderPlace(forecast.step)) if job.processes == 1 else job  # the forecast is about one
