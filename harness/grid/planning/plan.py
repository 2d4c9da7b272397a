"""From a request to a plan: every name resolved, every file read, every problem found before anything is spent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.catalog import Catalog
from harness.data import set_calibration_aside
from harness.engine.adapters import check_adapter
from harness.engine.models import Device, ModelSource, digest_of, find_device, require_four_bit
from harness.engine.tuning import check_training_device
from harness.errors import BenchError, setting
from harness.grid.planning.artifact_cells import other_base_warnings
from harness.grid.planning.cascade_cells import (
    calibration_warnings,
    find_cascades,
    plan_cascade_cells,
    read_calibration_outputs,
)
from harness.grid.planning.cells import PlannedCell, plan_cells
from harness.grid.planning.external_outputs import read_predictions
from harness.grid.planning.leak_cells import plan_leak_cells, stored_while_tested
from harness.grid.planning.preflight import check_model
from harness.grid.planning.prompt_checks import check_prompts, unused_input_warnings
from harness.grid.planning.search_plan import SearchPlan, apply_search, list_variants, plan_search
from harness.grid.planning.stored_weights import StoredWeights
from harness.grid.planning.support_models import find_support_models
from harness.grid.planning.task_data import load_tasks, training_size_warnings, variant_warnings, with_findings, with_warnings
from harness.grid.request import (
    Request,
    RequestedModel,
    begin_to_read_models,
    check_numbers,
    find_models,
    resolve_strategies,
    resolve_tasks,
)
from harness.measure import Price, environment, get_device_price, usable_cores
from harness.metrics import describe_metrics, file_families, get_script_digests, is_library_metric, metrics_for
from harness.store import EXTERNAL, ModelInfo, RunPlan
from harness.types import DroppedStrategy, Prediction, Splits, StoredScore, Strategy, Task


@dataclass(frozen=True)
class Planned:
    """A plan with what is needed to carry it out on this machine.

    Attributes:
        external_predictions: those of external outputs, by cell id.
        calibration_outputs: what external outputs answer to the calibration examples of a cascade, by cell id.
        support_models: the models that score support, by task.
        cells: those of the grid, with their strategies.
        models: by name, as they were requested.
        search: what precedes the grid; None if nothing does.
        stored_weights: the disk space that the weights of cells take, by cell id.
    """

    plan: RunPlan
    splits: Mapping[str, Splits]
    sources: Mapping[str, ModelSource]
    device: Device
    external_predictions: Mapping[str, Sequence[Prediction]]
    support_models: Mapping[str, ModelSource]
    cells: tuple[PlannedCell, ...] = ()
    models: Mapping[str, RequestedModel] = field(default_factory=dict)
    search: SearchPlan | None = None
    stored_weights: Mapping[str, StoredWeights] = field(default_factory=dict)
    calibration_outputs: Mapping[str, Sequence[Prediction]] = field(default_factory=dict)

    def after_search(self, chosen: Mapping[tuple[str, str, str], Mapping[str, Any]], dropped: Sequence[DroppedStrategy]) -> Planned:
        """What is left to do after the search. The digest of the plan stays: it is that of the request.

        Args:
            chosen: the values by task, model and strategy.
            dropped: the strategies that the race has dropped.
        """
        assert self.search is not None
        tasks, models = self.plan.tasks, self.models
        names = [(each.task, each.model, each.strategy) for each in dropped]
        own = [each for each in self.cells if each.strategy.method != "cascade"]
        cells = apply_search(own, chosen, names, tasks, self.splits, models, self.device, self.search.seeds)
        cells += plan_cascade_cells(cells, find_cascades(self.plan.strategies.values()))
        leak_cells = plan_leak_cells(cells, tasks, self.splits, list(models.values()), self.device)
        kept = [planned.cell for planned in cells]  # other values make other cells, whose forecasts are not known
        plan = replace(
            self.plan,
            cells=tuple(kept),
            leak_cells=tuple(planned.cell for planned in leak_cells),
            cell_strategies=changed_strategies([*cells, *leak_cells], self.plan.strategies),
            forecasts={cell.id: forecast for cell in kept if (forecast := self.plan.forecasts.get(cell.id)) is not None},
            dropped=tuple(dropped),
        )
        return replace(self, plan=plan, cells=tuple(cells))


def changed_strategies(cells: Sequence[PlannedCell], strategies: Mapping[str, Strategy]) -> dict[str, Strategy]:
    """By cell id, the strategies whose values differ from those under their name."""
    return {p.cell.id: p.strategy for p in cells if p.strategy is not strategies[p.cell.strategy]}


def make_plan(
    request: Request,
    catalog: Catalog,
    *,
    command: str,
    here: Path | None = None,
    device: Device | None = None,
    cores: int | None = None,
    on_cells: Callable[[Device, int, int, ModelSource | None], None] = lambda *_: None,
) -> Planned:
    """Resolve the request and check that it can run.

    Args:
        command: the command that the run is started with, for its report.
        here: the folder that relative paths start from; None: the working directory.
        device: what the cells run on; None: that of this machine.
        cores: the CPU cores of each cell, which have the price of a CPU; None: those of this machine.
        on_cells: called when the plan has cells that use a model on this machine, with its device, their number, the characters of all
            examples, and the model of all cells if there is only one and its code is not run, before the checks that take long.

    Raises:
        BenchError: with all problems of the first kind that is found.
    """
    here = here or Path.cwd()
    check_numbers(request)
    entries = resolve_tasks(request, catalog, here)
    strategies = resolve_strategies(request, catalog)
    loaded = load_tasks(entries, request)
    tasks = {name: task for name, (task, _) in loaded.items()}
    cascades = find_cascades(strategies.values())
    splits = {name: set_calibration_aside(name, data) if cascades else data for name, (_, data) in loaded.items()}
    begin_to_read_models(request, strategies.values(), here)  # beside the imports, which keep one core busy
    is_here, device = device is None, device or find_device(request.dtype)
    models = find_models(request, strategies.values(), here)
    bases = [model for model in models if not model.strategy]
    tasks, support_models = find_support_models(tasks, {name: entry.folder for name, entry in entries.items()}, bases, device)
    cells = plan_cells(request, tasks, strategies, splits, models, device)
    if is_here and (with_model := sum(planned.strategy.has_model for planned in cells)):
        only = models[0].source if len(models) == 1 and not models[0].trust_remote_code else None
        on_cells(device, with_model, sum(data.characters for data in splits.values()), only)
    _check_metric_scripts(tasks.values(), request)
    price = get_device_price(device.kind, device.name, cores or usable_cores(), request.price)
    search = plan_search(request, cells, tasks, splits, models, price_per_hour=price.per_hour)
    checked = [*cells, *list_variants(search)]
    check_prompts(checked, tasks, splits)
    _check_strategies(checked, device)
    stored: dict[str, StoredWeights] = {}
    for model in models:
        stored |= check_model(model, checked, tasks, splits, device.dtype)
    cells += plan_cascade_cells(cells, cascades)
    leak_cells = plan_leak_cells(cells, tasks, splits, models, device)
    stored |= stored_while_tested(cells, leak_cells, stored)
    calibration = read_calibration_outputs(cells, tasks, splits)
    external = {p.cell.id: read_predictions(p.strategy, tasks[p.cell.task], splits[p.cell.task]) for p in cells if p.strategy.outputs}
    splits = {name: with_warnings(data, _list_warnings(request, cells, tasks[name], data, models)) for name, data in splits.items()}
    splits = {name: with_findings(tasks[name], data) for name, data in splits.items()}
    plan = RunPlan(
        digest=_digest([*cells, *leak_cells], tasks, price, request),
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        command=command,
        tasks=tasks,
        strategies=strategies,
        models=_model_infos(models, with_external=any(not p.strategy.has_model for p in cells)),
        cells=tuple(planned.cell for planned in cells),
        data={name: data.report for name, data in splits.items()},
        data_digests={name: data.digest for name, data in splits.items()},
        environment=environment(),
        options={
            "price": asdict(price),
            "device": device.kind,
            "device_name": device.name,
            "dtype": device.dtype,
            "limit": request.limit,
            "trust_remote_code": request.trust_remote_code,
            "request": request.to_json(),
        },
        plugin_scores=_plugin_scores(tasks, splits),
        leak_cells=tuple(planned.cell for planned in leak_cells),
        cell_strategies=changed_strategies([*cells, *leak_cells], strategies),
        search=request.search,
        race=request.race,
    )
    by_name = {model.source.name: model for model in models}
    sources = {name: model.source for name, model in by_name.items()}
    return Planned(plan, splits, sources, device, external, support_models, tuple(cells), by_name, search, stored, calibration)


def _list_warnings(request: Request, cells: Sequence[PlannedCell], task: Task, data: Splits, models: Sequence[RequestedModel]) -> list[str]:
    """What the user should know about a task in this run."""
    warnings = [*calibration_warnings(cells, task, data), *training_size_warnings(data, request), *variant_warnings(request)]
    own = [(each.cell, each.strategy) for each in cells if each.cell.task == task.name]
    has_encoder = any(model.shape == "encoder" for model in models)
    return [*warnings, *unused_input_warnings(cells, task, data, has_encoder=has_encoder), *other_base_warnings(own, models)]


def _check_metric_scripts(tasks: Collection[Task], request: Request) -> None:
    """Check that metrics with code of their own are allowed to run it, and that they can be loaded.

    Raises:
        BenchError: a metric runs a script and the request does not allow it, or the script cannot be loaded.
    """
    scripts = [(task.name, metric) for task in tasks for metric in task.metrics if is_library_metric(metric)]
    if scripts and not request.trust_remote_code:
        allow = setting("trust_remote_code")
        raise BenchError([f"task '{t}': metrics: '{m}' runs a script of the evaluate library. Allow it with {allow}" for t, m in scripts])
    for task in tasks:
        get_script_digests(task.metrics)


def _plugin_scores(tasks: Mapping[str, Task], splits: Mapping[str, Splits]) -> dict[str, tuple[StoredScore, ...]]:
    """What the run stores about the scores of plug-in files, by metric."""
    used = {metric: name for name, task in tasks.items() for metric in file_families(task.metrics)}
    return {metric: describe_metrics(metrics_for([metric], splits[name].test[0].choices)) for metric, name in used.items()}


def _check_strategies(cells: Sequence[PlannedCell], device: Device) -> None:
    """Check the adapters, the recipes and the quantization of all strategies, without any model.

    Raises:
        BenchError: PEFT refuses an adapter, or the device cannot train as a recipe asks, or has no 4-bit weights.
    """
    distinct: Mapping[int, Strategy] = {id(planned.strategy): planned.strategy for planned in cells}
    for strategy in distinct.values():
        check_adapter(strategy)
        check_training_device(strategy, device)
        if strategy.quantization is not None:
            require_four_bit(device, strategy.name)


def _model_infos(models: Sequence[RequestedModel], *, with_external: bool) -> dict[str, ModelInfo]:
    infos = {m.source.name: ModelInfo(m.source.name, m.source.origin, m.source.digest, m.source.revision, m.shape) for m in models}
    return infos | ({EXTERNAL: ModelInfo(EXTERNAL, "unknown", "")} if with_external else {})


def _digest(cells: Sequence[PlannedCell], tasks: Mapping[str, Task], price: Price, request: Request) -> str:
    """The plan's digest: its cells, what is read from the plan and not from a cell (the margin, the price, trust in code), and the search
    from which further cells follow."""
    decided: list[Any] = [[task.model_dump(mode="json", exclude={"description", "data"}) for task in tasks.values()]]
    decided += [price.per_hour, request.trust_remote_code]
    if request.search is not None or request.race is not None:
        decided += [request.search.model_dump(mode="json") if request.search is not None else None, request.race]
    return digest_of([*(planned.cell.id for planned in cells), json.dumps(decided)])
