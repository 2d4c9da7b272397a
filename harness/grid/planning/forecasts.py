"""Forecasts of what was requested: of strategies on named devices before a run is planned, and of the cells of a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.catalog import Catalog
from harness.engine.models import ModelSource, find_device, resolve_description
from harness.errors import BenchError, setting
from harness.forecast import (
    CellKind,
    CellWork,
    TargetDevice,
    calibrated,
    choose_trials,
    read_calibration,
    repeat_slow_trials,
    target_of_machine,
    target_of_table,
)
from harness.grid.planning.plan import Planned
from harness.grid.planning.search_cost import forecast_search
from harness.grid.planning.task_data import read_tasks
from harness.grid.request import Request, resolve_strategies
from harness.measure import Price, get_device_price, get_devices, usable_cores
from harness.types import CellForecast, ForecastRange, PlannedForecast


def forecast_request(request: Request, catalog: Catalog, devices: Sequence[str], here: Path | None = None) -> list[PlannedForecast]:
    """What each strategy of a request takes with all training examples of its task, and one seed. Models need no weights here.

    Args:
        devices: names of the device table; without any, the device of this machine.

    Raises:
        BenchError: something about the request is wrong, or a device is unknown.
    """
    targets = list_targets(request, devices)
    strategies = [each for each in resolve_strategies(request, catalog).values() if each.has_model]
    if not strategies:
        raise BenchError(f"no strategy to forecast that uses a model of this machine: name them with {setting('strategies', 'lora,qlora')}")
    sources = [resolve_description(model, request.revision, here=here) for model in request.models]
    works: list[tuple[CellKind, CellWork]] = []
    for task, splits in read_tasks(request, catalog, here):
        for source in sources:
            for strategy in strategies:
                size = len(splits.train) if strategy.train is not None else 0
                work = CellWork(task, strategy, splits, source, size, trust_remote_code=request.trust_remote_code)
                works.append((CellKind(task.name, source.name, strategy.name), work))
    forecasts = repeat_slow_trials(lambda: [_forecast_on(work, targets, kind) for kind, work in works])
    return [
        PlannedForecast(kind.task, kind.model, kind.strategy, work.train_size, of_work)
        for (kind, work), of_work in zip(works, forecasts, strict=True)
    ]


def list_targets(request: Request, devices: Sequence[str]) -> list[TargetDevice]:
    """The devices to forecast for.

    Raises:
        BenchError: one of them is unknown.
    """
    if devices:
        return [target_of_table(device) for device in get_devices(devices)]
    device = find_device(request.dtype)
    return [target_of_machine(device, get_device_price(device.kind, device.name, usable_cores(), request.price))]


def forecast_plan(planned: Planned, devices: Sequence[str] = (), *, is_brief: bool = False) -> dict[str, tuple[CellForecast, ...]]:
    """By id, what the cells of the grid take on each device: by default, on that of this machine.

    Cells of one strategy and size differ only in their seed and share a forecast. Cells of external outputs and of cascades have none.

    Args:
        is_brief: try steps only where that takes a moment or a small part of what the planned cells take, or before a search.
    """
    price = Price(**planned.plan.options["price"])
    targets = [target_of_table(each) for each in get_devices(devices)] if devices else [target_of_machine(planned.device, price)]
    trusts_code = bool(planned.plan.options["trust_remote_code"])
    works: dict[tuple[object, ...], CellWork] = {}
    kinds: dict[tuple[object, ...], CellKind] = {}
    cells: dict[str, tuple[object, ...]] = {}
    for each in planned.cells:
        source: ModelSource | None = planned.sources.get(each.cell.model)
        if source is None or not each.strategy.has_model:
            continue
        key = (each.cell.task, each.cell.model, id(each.strategy), each.cell.train_size)
        if key not in works:
            task, splits = planned.plan.tasks[each.cell.task], planned.splits[each.cell.task]
            works[key] = CellWork(task, each.strategy, splits, source, each.cell.train_size, trust_remote_code=trusts_code)
            kinds[key] = CellKind(each.cell.task, each.cell.model, each.cell.strategy)
        cells[each.cell.id] = key
    makes_all = not is_brief or planned.search is not None
    affordable = None if makes_all else choose_trials(Counter(works[key] for key in cells.values()), targets[0])

    def forecast(key: tuple[object, ...], kind: CellKind) -> tuple[CellForecast, ...]:
        work = works[key]
        may_try, may_sample = (True, True) if affordable is None else (affordable.steps, work in affordable.sampled)
        return _forecast_on(work, targets, kind, new_trials=may_try, new_samples=may_sample)

    known = repeat_slow_trials(lambda: {key: forecast(key, kind) for key, kind in kinds.items()})
    return {cell_id: known[key] for cell_id, key in cells.items()}


def group_forecasts(planned: Planned, forecasts: Mapping[str, tuple[CellForecast, ...]]) -> list[PlannedForecast]:
    """The forecasts of a plan in the order of its cells, those of several seeds once for each."""
    cells = [each.cell for each in planned.cells if each.cell.id in forecasts]
    return [PlannedForecast(c.task, c.model, planned.plan.cell_label(c), c.train_size, forecasts[c.id]) for c in cells]


def with_forecasts(planned: Planned) -> Planned:
    """The plan with the forecast of each cell, made in a small part of what the run takes. A forecast that fails is left out: it is no
    reason to stop a run."""
    try:
        forecasts = {cell_id: each[0] for cell_id, each in forecast_plan(planned, is_brief=True).items() if each[0].peak is not None}
    except Exception:  # the families of models are many
        return planned
    search = forecast_search(planned.search, forecasts, planned.plan.options["price"]["per_hour"])
    return replace(planned, plan=replace(planned.plan, forecasts=forecasts, search_forecast=search))


def _forecast_on(
    work: CellWork, targets: Sequence[TargetDevice], kind: CellKind, *, new_trials: bool = True, new_samples: bool = True
) -> tuple[CellForecast, ...]:
    forecasts = (_forecast(work, target, new_trials, new_samples) for target in targets)
    return tuple(calibrated(each, read_calibration(target.name), kind) for each, target in zip(forecasts, targets, strict=True))


def _forecast(work: CellWork, target: TargetDevice, new_trials: bool, new_samples: bool) -> CellForecast:
    """The forecast, with nothing known where the model's code cannot run without values, as some mixtures of experts."""
    try:
        return work.forecast(target, new_trials=new_trials, new_samples=new_samples)
    except BenchError:
        raise
    except Exception:  # whatever the code of a model raises
        nothing = ForecastRange(0.0)
        return CellForecast(target.name, None, None, nothing, nothing, None, target.price.currency, target.memory, None)
