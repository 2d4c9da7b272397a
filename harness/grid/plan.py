"""From what the user asked for to a plan: every name resolved, every file read, every problem found before anything is spent."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.catalog import Catalog, prompt_variables, render_prompt
from harness.data import load_splits
from harness.errors import BenchError, did_you_mean
from harness.grid.request import Request, check_numbers, resolve_strategies, resolve_tasks
from harness.grid.trial import try_out
from harness.measure import code_digest, environment, price_of, usable_cores, versions_that_matter
from harness.models.device import Device, find_device, require_four_bit
from harness.models.digest import digest_of
from harness.models.resolve import ModelSource, resolve_model
from harness.store import RunPlan
from harness.store.plan import ModelInfo
from harness.tuning import check_adapter
from harness.types import Cell, Splits, Strategy, Task


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
    check_numbers(request)
    tasks = resolve_tasks(request, catalog, here)
    strategies = resolve_strategies(request, catalog)
    splits = {name: load_splits(e.value, folder=e.folder, limit=request.limit) for name, e in tasks.items()}
    problems = [p for name, e in tasks.items() for p in _prompt_problems(e.value, strategies, splits[name])]
    if problems:
        raise BenchError(problems)
    device = find_device(request.dtype)
    for strategy in strategies.values():
        check_adapter(strategy)
        if strategy.quantization is not None:
            require_four_bit(device, strategy.name)
    source = resolve_model(request.model, request.revision, here=here, with_code=request.trust_remote_code)
    try_out([(e.value, splits[name]) for name, e in tasks.items()], strategies.values(), source, request.trust_remote_code)
    cells = tuple(
        _cell(e.value, strategy, splits[name], source, device, seed)
        for name, e in tasks.items()
        for strategy in strategies.values()
        for seed in (range(request.seeds) if not strategy.deterministic else [None])
    )
    price = price_of(device.kind, device.name, usable_cores(), request.price)
    decided = [e.value.model_dump(mode="json", exclude={"description", "data"}) for e in tasks.values()]
    plan = RunPlan(
        # Beside the cells, what is read from the plan and not from a cell: the margin, the price, whether a model's code is trusted.
        digest=digest_of([*(cell.id for cell in cells), json.dumps([decided, price.per_hour, request.trust_remote_code])]),
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
    """The cell, with an id made of everything that can change its result or its cost; where its files lie is not among it."""
    size = 0 if strategy.deterministic else len(splits.train)
    identity: dict[str, Any] = {
        "task": task.model_dump(mode="json", exclude={"data", "description", "margin"}),
        "strategy": strategy.model_dump(mode="json", exclude={"description"}),
        "data": splits.digest,
        "model": source.digest,
        "train_size": size,
        "seed": seed,
        "device": [device.kind, device.name, device.dtype],
        "versions": versions_that_matter(),
        "code": code_digest(),
    }
    digest = digest_of([json.dumps(identity, sort_keys=True)])
    return Cell(digest[:16], task.name, source.name, strategy.name, size, seed)
