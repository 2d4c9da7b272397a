"""From what the user asked for to a plan: every name resolved, every file read, every problem found before anything is spent."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from harness.catalog import Catalog, Entry, prompt_variables, render_prompt
from harness.data import load_splits
from harness.engine.adapters import check_adapter
from harness.engine.models import Device, ModelSource, digest_of, find_device, require_four_bit
from harness.errors import BenchError, did_you_mean
from harness.grid.planning.cells import NamedModel, PlannedCell, find_models, plan_cells
from harness.grid.planning.external_outputs import predictions_of
from harness.grid.planning.preflight import Trial, check_model
from harness.grid.planning.request import Request, check_numbers, resolve_strategies, resolve_tasks
from harness.measure import environment, get_device_price, usable_cores
from harness.metrics import FACTS, has_facts, is_of_library, scripts_of
from harness.store import EXTERNAL, ModelInfo, RunPlan
from harness.types import Prediction, Splits, Task


@dataclass(frozen=True)
class Planned:
    """A plan with what is needed to carry it out on this machine; `external_predictions` are those of external outputs, by cell."""

    plan: RunPlan
    splits: Mapping[str, Splits]
    sources: Mapping[str, ModelSource]
    device: Device
    external_predictions: Mapping[str, Sequence[Prediction]]


def make_plan(request: Request, catalog: Catalog, *, command: str, here: Path | None = None) -> Planned:
    """Resolve everything.

    Raises:
        BenchError: for the first kind of problem found, with all problems of that kind.
    """
    here = here or Path.cwd()
    check_numbers(request)
    entries = resolve_tasks(request, catalog, here)
    strategies = resolve_strategies(request, catalog)
    read = _read(entries, request)
    tasks, splits = {name: task for name, (task, _) in read.items()}, {name: rows for name, (_, rows) in read.items()}
    device = find_device(request.dtype)
    models = find_models(request, here)
    squares = plan_cells(request, tasks, strategies, splits, models, device)
    prompts = {(s.cell.task, s.strategy.name): s.strategy for s in squares if s.strategy.prompt is not None}
    scripts = [f"task '{name}': metrics: '{m}'" for name, task in tasks.items() for m in task.metrics if is_of_library(m)]
    if scripts and not request.trust_remote_code:
        raise BenchError([f"{script} runs a script of the evaluate library: allow it with --trust-remote-code" for script in scripts])
    for task in tasks.values():
        scripts_of(task.metrics)  # one that cannot be loaded is told now
    prompted = {square.cell.task for square in squares if square.strategy.outputs is None}
    problems = [p for name in tasks if name in prompted for p in _prompt_problems(f"task '{name}'", tasks[name].prompt, splits[name])]
    for (task_name, name), strategy in prompts.items():
        problems += _prompt_problems(f"strategy '{name}' on task '{task_name}'", strategy.prompt or "", splits[task_name])
    if problems:
        raise BenchError(problems)
    used = {id(square.strategy): square.strategy for square in squares}
    for strategy in used.values():
        check_adapter(strategy)
        if strategy.quantization is not None:
            require_four_bit(device, strategy.name)
    for model in models:
        _try_model(model, squares, tasks, splits)
    elsewhere = {s.cell.id: predictions_of(s.strategy, tasks[s.cell.task], splits[s.cell.task]) for s in squares if s.strategy.outputs}
    price = get_device_price(device.kind, device.name, usable_cores(), request.price)
    decided = [task.model_dump(mode="json", exclude={"description", "data"}) for task in tasks.values()]
    for name, found in splits.items():
        notes = [*_more_than_all(found, request), *(_unused("the prompt", tasks[name].prompt, found) if name in prompted else ())]
        for (task_name, strategy_name), strategy in prompts.items():
            if task_name == name:
                notes += _unused(f"the prompt of strategy '{strategy_name}'", strategy.prompt or "", found)
        splits[name] = _with_notes(found, notes)
    plan = RunPlan(
        # Beside the cells, what is read from the plan and not from a cell: the margin, the price, whether a model's code is trusted.
        digest=digest_of([*(s.cell.id for s in squares), json.dumps([decided, price.per_hour, request.trust_remote_code])]),
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        command=command,
        tasks=tasks,
        strategies=strategies,
        models={m.source.name: ModelInfo(m.source.name, m.source.origin, m.source.digest, m.source.revision, m.shape) for m in models}
        | ({EXTERNAL: ModelInfo(EXTERNAL, "not known here", "")} if elsewhere else {}),
        cells=tuple(square.cell for square in squares),
        data={name: s.report for name, s in splits.items()},
        data_digests={name: s.digest for name, s in splits.items()},
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
        cell_strategies={s.cell.id: s.strategy for s in squares if s.strategy is not strategies[s.cell.strategy]},
    )
    return Planned(plan, splits, {m.source.name: m.source for m in models}, device, elsewhere)


def read_tasks(request: Request, catalog: Catalog, here: Path | None = None) -> list[tuple[Task, Splits]]:
    """The tasks with their rows, and nothing else of a plan.

    Raises:
        BenchError: anything wrong with a task or its data.
    """
    check_numbers(request)
    return list(_read(resolve_tasks(request, catalog, here or Path.cwd()), request).values())


def _read(entries: Mapping[str, Entry[Task]], request: Request) -> dict[str, tuple[Task, Splits]]:
    found = {}
    for name, entry in entries.items():
        splits = load_splits(entry.value, folder=entry.folder, limit=request.limit, whole_as_test=request.whole_as_test)
        found[name] = _scored_by_facts(entry.value, splits), splits
    return found


def _scored_by_facts(task: Task, splits: Splits) -> Task:
    """Where it is known of test rows what a right output states, that is scored, whether the task says so or not.

    Raises:
        BenchError: the task asks for it, and nothing is known.
    """
    known, asked = any(map(has_facts, splits.test)), FACTS.name in task.metrics
    if asked and not known:
        raise BenchError(f"task '{task.name}': metrics: '{FACTS.name}' scores rows whose facts are known, and these have none")
    return task.model_copy(update={"metrics": (*task.metrics, FACTS.name)}) if known and not asked else task


def _with_notes(splits: Splits, warnings: Sequence[str]) -> Splits:
    return replace(splits, report=replace(splits.report, warnings=(*splits.report.warnings, *warnings)))


def _more_than_all(splits: Splits, request: Request) -> list[str]:
    """A warning where a training size asks for more rows than there are."""
    rows = len(splits.train)
    more = [size for size in request.train_sizes if size != "all" and int(size) > rows]
    return [f"training size {', '.join(more)}: there are {rows} training rows, so all of them are used"] if more else []


def _unused(whose: str, prompt: str, splits: Splits) -> list[str]:
    """A warning for each input that the prompt never shows; one that is shown under another name does not count."""
    used = prompt_variables(prompt, optional=True)
    fullest = max(splits.test, key=lambda row: len(row.inputs)).inputs
    shown = {text for name, text in fullest.items() if name in used}
    lost = sorted(name for name, text in fullest.items() if text not in shown)
    return [f"{whose} does not use the input '{name}'.{did_you_mean(name, used - {'choices'})}" for name in lost]


def _try_model(model: NamedModel, squares: Sequence[PlannedCell], tasks: Mapping[str, Task], splits: Mapping[str, Splits]) -> None:
    """Try out each task with the strategies that it has cells of, at each of their training sizes."""
    trials: dict[str, dict[int, Trial]] = {}
    for square in squares:
        if square.cell.model == model.source.name:
            trial = trials.setdefault(square.cell.task, {}).setdefault(id(square.strategy), Trial(square.strategy, set()))
            trial.sizes.add(square.cell.train_size)
    check_model(
        [(tasks[name], splits[name], list(own.values())) for name, own in trials.items()],
        model.source,
        model.shape,
        trust_remote_code=model.trust_remote_code,
    )


def _prompt_problems(whose: str, prompt: str, splits: Splits) -> list[str]:
    """Variables of a prompt that the data, or some rows of it, do not have, or why it fails on a real row."""
    rows = (*splits.train, *splits.validation, *splits.test)
    known = {"choices"}.union(*(row.inputs for row in rows))
    problems = []
    for name in sorted(prompt_variables(prompt) - {"choices"}):
        without = sum(name not in row.inputs for row in rows)
        if name not in known:
            hint = did_you_mean(name, known)
            if hint.startswith(" Known"):  # it was not mistyped: the data are others than the prompt is for
                hint += " Name a column for it, or write a prompt that reads what is there: bench init FILE drafts one."
            problems.append(f"{whose}: prompt: the data has no field '{name}'.{hint}")
        elif without:
            problems.append(
                f"{whose}: prompt: {without:,} of {len(rows):,} rows have no '{name}'. A prompt that goes without it there says "
                f"{{% if {name} is defined %}}…{{% endif %}}"
            )
    if not problems:
        try:
            render_prompt(prompt, splits.test[0].inputs, splits.test[0].choices)
        except BenchError as error:
            problems.append(f"{whose}: {error}")
    return problems
