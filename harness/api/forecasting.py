"""What a run would take: memory, time and money, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.arguments import PathLike, StrategyLike, TaskLike, as_declared, as_texts
from harness.api.catalogs import open_catalog
from harness.plugins import use_plugin_files
from harness.types import DiskForecast, HostedForecast, PlannedForecast, SearchForecast

if TYPE_CHECKING:
    from harness.forecast import ForecastRecord
    from harness.grid import Request


def forecast(
    task: TaskLike | Sequence[TaskLike],
    strategies: StrategyLike | Sequence[StrategyLike],
    *,
    model: PathLike | Sequence[PathLike] = "tiny",
    revision: str | None = None,
    device: str | Sequence[str] = (),
    data: PathLike | Sequence[PathLike] | None = None,
    train: PathLike | Sequence[PathLike] | None = None,
    validation: PathLike | Sequence[PathLike] | None = None,
    test: PathLike | Sequence[PathLike] | None = None,
    hub: str | None = None,
    hub_revision: str | None = None,
    subset: str | None = None,
    fields: Mapping[str, str] | None = None,
    labels: Sequence[str] = (),
    fold_references_by: str | None = None,
    keep: Sequence[str] = (),
    harvested: PathLike | Sequence[PathLike] | None = None,
    skip_bad_rows: bool = False,
    limit: int | None = None,
    plugins: PathLike | Sequence[PathLike] = (),
    tasks_dirs: PathLike | Sequence[PathLike] = (),
    strategies_dirs: PathLike | Sequence[PathLike] = (),
) -> list[PlannedForecast]:
    """What each strategy takes on each device: peak memory, time, price, and whether it fits. Nothing is trained.

    Args:
        task, strategies, data, train, validation, test, hub, hub_revision, subset, fields, labels, fold_references_by, keep, harvested,
            skip_bad_rows, limit, plugins, tasks_dirs, strategies_dirs: as for `run`, which adds the untuned model.
        model: as for `run`; or a folder that has only a config.json. Of a model on the Hub, no weights are downloaded.
        device: names of the device table, such as "rtx-4090" or "a100-80gb"; by default the device of this machine.

    Raises:
        BenchError: something about the request is wrong, or a device is unknown.
    """
    from harness.grid import forecast_request, make_request

    request = make_request(
        {
            "tasks": as_declared(task),
            "strategies": as_declared(strategies),
            "models": as_texts(model),
            "revision": revision,
            "data": as_texts(data),
            "train": as_texts(train),
            "validation": as_texts(validation),
            "test": as_texts(test),
            "hub": hub,
            "hub_revision": hub_revision,
            "subset": subset,
            "fields": dict(fields or {}),
            "labels": labels,
            "fold_references_by": fold_references_by,
            "keep": as_texts(keep),
            "harvested": as_texts(harvested),
            "skip_bad_rows": skip_bad_rows,
            "limit": limit,
        }
    )
    with use_plugin_files(as_texts(plugins)):
        return forecast_request(request, open_catalog(tasks_dirs, strategies_dirs), as_texts(device))


@dataclass(frozen=True)
class DryRun:
    """What a run would take.

    Attributes:
        forecasts: of the cells that use a model of this machine.
        hosted: of the strategies that ask hosted models.
        disk: what the run would store.
        search: the search before the grid; None without one, and where nothing is known of its trainings.
    """

    forecasts: tuple[PlannedForecast, ...]
    hosted: tuple[HostedForecast, ...]
    disk: DiskForecast
    search: SearchForecast | None = None


def dry_run(
    request: Request, *, runs_dir: PathLike = "runs", jobs: int | None = None, devices_per_cell: int = 1, together: bool = False
) -> DryRun:
    """Plan a complete request, with the checks of a run, and forecast its cells on this machine. Nothing is written, and no host is asked.

    Args:
        request, runs_dir, jobs, devices_per_cell, together: as for `run`.

    Raises:
        BenchError: something about the request is wrong, or the disk has not enough space.
    """
    from harness.grid import check_disk_of_plan, forecast_hosts, forecast_plan, forecast_search, group_forecasts, make_plan

    with use_plugin_files(request.plugins):
        planned = make_plan(request, open_catalog(request.tasks_dirs, request.strategies_dirs), command="")
        disk = check_disk_of_plan(planned, Path(runs_dir), jobs=jobs, devices_per_cell=devices_per_cell, together=together)
        forecasts = forecast_plan(planned)
        here = {cell_id: each[0] for cell_id, each in forecasts.items()}
        search = forecast_search(planned.search, here, planned.plan.options["price"]["per_hour"])
        return DryRun(tuple(group_forecasts(planned, forecasts)), tuple(forecast_hosts(planned)), disk, search)


def list_forecasts() -> tuple[ForecastRecord, ...]:
    """Forecasts of finished cells beside what was measured, the oldest first: the ledger in the user's cache.

    Raises:
        BenchError: the ledger is damaged.
    """
    from harness.forecast import read_ledger

    return read_ledger()
