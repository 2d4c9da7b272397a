"""From what the user asked for to a plan: every name resolved, every file read, every problem found before anything is spent."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.catalog import Catalog, Entry, prompt_variables, render_prompt, with_data
from harness.data import load_splits
from harness.errors import BenchError, did_you_mean
from harness.measure import environment, price_of, usable_cores, versions_that_matter
from harness.models.device import DTYPES, Device, find_device, require_four_bit
from harness.models.digest import digest_of
from harness.models.resolve import ModelSource, resolve_model
from harness.store import RunPlan
from harness.store.plan import ModelInfo
from harness.tuning import check_adapter
from harness.types import Cell, DataSpec, FilesSpec, Splits, Strategy, Task

BASE = "base"


@dataclass(frozen=True)
class Request:
    """What the user asked for, as they said it. `fields` maps roles to columns, as in a task's YAML."""

    tasks: tuple[str, ...]
    strategies: tuple[str, ...]
    model: str = "tiny"
    revision: str | None = None
    data: str | None = None
    train: str | None = None
    validation: str | None = None
    test: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    skip_bad_rows: bool = False
    seeds: int = 1
    limit: int | None = None
    base: bool = True
    epochs: float | None = None
    dtype: str = "auto"
    price: float | None = None
    trust_remote_code: bool = False
    tasks_dirs: tuple[str, ...] = ()
    strategies_dirs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """A plan with what is needed to carry it out on this machine."""

    plan: RunPlan
    splits: Mapping[str, Splits]
    sources: Mapping[str, ModelSource]
    device: Device


def make_plan(request: Request, catalog: Catalog, *, command: str, here: Path | None = None) -> Planned:
    """Resolve everything.

    Raises:
        BenchError: for the first kind of problem found, with all problems of that kind.
    """
    here = here or Path.cwd()
    _check_numbers(request)
    tasks = _tasks(request, catalog, here)
    strategies = _strategies(request, catalog)
    splits = {name: load_splits(e.value, folder=e.folder, limit=request.limit) for name, e in tasks.items()}
    problems = [p for name, e in tasks.items() for p in _prompt_problems(e.value, strategies, splits[name])]
    if problems:
        raise BenchError(problems)
    device = find_device(request.dtype)
    for strategy in strategies.values():
        check_adapter(strategy)
        if strategy.quantization is not None:
            require_four_bit(device, strategy.name)
    source = resolve_model(request.model, request.revision, here=here)
    cells = tuple(
        _cell(e.value, strategy, splits[name], source, device, seed)
        for name, e in tasks.items()
        for strategy in strategies.values()
        for seed in (range(request.seeds) if not strategy.deterministic else [None])
    )
    price = price_of(device.kind, device.name, usable_cores(), request.price)
    plan = RunPlan(
        digest=digest_of([cell.id for cell in cells]),
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        command=command,
        tasks={name: e.value for name, e in tasks.items()},
        strategies=strategies,
        models={source.name: ModelInfo(source.name, source.origin, source.digest, source.revision)},
        cells=cells,
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
            "request": asdict(request),
        },
    )
    return Planned(plan, splits, {source.name: source}, device)


def _check_numbers(request: Request) -> None:
    """What the command line checks itself, for those who call from Python."""
    problems = []
    if request.seeds < 1:
        problems.append(f"seeds must be at least 1, not {request.seeds}")
    if request.epochs is not None and not 0 < request.epochs < math.inf:
        problems.append(f"epochs must be above 0, not {request.epochs}")
    if request.price is not None and not 0 <= request.price < math.inf:
        problems.append(f"price must be 0 or more, not {request.price}")
    if request.dtype not in DTYPES:
        problems.append(f"unknown dtype '{request.dtype}'.{did_you_mean(request.dtype, DTYPES)}")
    if problems:
        raise BenchError(problems)


def _tasks(request: Request, catalog: Catalog, here: Path) -> dict[str, Entry[Task]]:
    if not request.tasks:
        raise BenchError("no task: name one with --task, such as --task summarization")
    found: dict[str, Entry[Task]] = {}
    for name in dict.fromkeys(request.tasks):
        entry = _with_user_data(catalog.task(name), request, here)
        if entry.value.name in found:
            raise BenchError(f"two tasks are named '{entry.value.name}': give one of them another name")
        found[entry.value.name] = entry
    return found


def _with_user_data(entry: Entry[Task], request: Request, here: Path) -> Entry[Task]:
    """The task on the files named on the command line, which are relative to the working directory and not to the YAML."""
    given = {name: value for name in ("train", "validation", "test") if (value := getattr(request, name)) is not None}
    if request.data is not None and given:
        raise BenchError(f"--data is one file that is split; --{min(given)} is a given split. Use one or the other.")
    if request.data is None and not given:
        if request.fields:
            role = min(request.fields)
            option = f"--{role}" if role in ("input", "target", "group", "id") else f"--field {role}=…"
            raise BenchError(f"{option} names a column of your own data: it needs --data, or --train and --test")
        if request.skip_bad_rows:
            data = entry.value.data.model_copy(update={"skip_bad_rows": True})
            return Entry(entry.value.model_copy(update={"data": data}), entry.file, entry.shown)
        return entry
    if given and not {"train", "test"} <= given.keys():
        raise BenchError(f"given splits need --train and --test (and may have --validation); only --{' and --'.join(given)} is there")
    path = request.data if request.data is not None else FilesSpec(**given)
    data = DataSpec(path=path, fields=request.fields, skip_bad_rows=request.skip_bad_rows)
    return Entry(with_data(entry.value, data), here / entry.file.name, entry.shown)


def _strategies(request: Request, catalog: Catalog) -> dict[str, Strategy]:
    names = list(dict.fromkeys(request.strategies))
    if request.base and BASE not in names:
        names.insert(0, BASE)
    if not names:
        raise BenchError("no strategy: name some with --strategies, such as --strategies lora,qlora")
    found: dict[str, Strategy] = {}
    problems: list[str] = []
    for name in names:
        try:
            strategy = catalog.strategy(name).value
        except BenchError as error:
            problems += error.problems
            continue
        if strategy.name in found:
            problems.append(f"two strategies are named '{strategy.name}': give one of them another name")
        if request.epochs is not None and strategy.train is not None:
            strategy = strategy.model_copy(update={"train": strategy.train.model_copy(update={"epochs": request.epochs})})
        found[strategy.name] = strategy
    if problems:
        raise BenchError(problems)
    return found


def _prompt_problems(task: Task, strategies: Mapping[str, Strategy], splits: Splits) -> list[str]:
    """Variables of a prompt that the data does not have, and prompts that fail on a real row."""
    example = splits.test[0]
    known = {"choices", *example.inputs}
    prompts = {f"task '{task.name}'": task.prompt}
    prompts |= {f"strategy '{s.name}'": s.prompt for s in strategies.values() if s.prompt is not None}
    problems = []
    for where, prompt in prompts.items():
        missing = sorted(prompt_variables(prompt) - known)
        problems += [f"{where}: prompt: the data has no field '{name}'.{did_you_mean(name, known)}" for name in missing]
        if not missing:
            try:
                render_prompt(prompt, example.inputs, example.choices)
            except BenchError as error:
                problems.append(f"{where}: {error}")
    return problems


def _cell(task: Task, strategy: Strategy, splits: Splits, source: ModelSource, device: Device, seed: int | None) -> Cell:
    """The cell, with an id made of everything that can change its result; where its files lie is not among it."""
    size = 0 if strategy.deterministic else len(splits.train)
    identity: dict[str, Any] = {
        "task": task.model_dump(mode="json", exclude={"data", "description", "margin"}),
        "strategy": strategy.model_dump(mode="json", exclude={"description"}),
        "data": splits.digest,
        "model": source.digest,
        "train_size": size,
        "seed": seed,
        "device": [device.kind, device.dtype],
        "versions": versions_that_matter(),
    }
    digest = digest_of([json.dumps(identity, sort_keys=True)])
    return Cell(digest[:16], task.name, source.name, strategy.name, size, seed)
