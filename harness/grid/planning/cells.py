"""The squares of the grid: tasks × models × strategies × training sizes × seeds, less those that are excluded or impossible."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from harness.catalog import OUTPUTS_PREFIX
from harness.engine.models import Device, ModelSource, digest_of, has_head, resolve_model, shape_of_model
from harness.errors import BenchError, did_you_mean
from harness.grid.planning.request import BASE, Request, overridden
from harness.measure import code_digest, get_result_versions
from harness.store import EXTERNAL
from harness.types import Cell, Shape, Splits, Strategy, Task


@dataclass(frozen=True)
class NamedModel:
    """A model as it was named, as it was found, and its shape."""

    asked: str
    source: ModelSource
    shape: Shape
    trust_remote_code: bool = False

    def has_head(self, labels: Sequence[str]) -> bool:
        """Whether an encoder comes with a head that was trained for these very labels."""
        return has_head(self.source, labels, trust_remote_code=self.trust_remote_code)


@dataclass(frozen=True)
class PlannedCell:
    """A cell with the strategy as this very cell uses it."""

    cell: Cell
    strategy: Strategy


def _is_external(strategy: str | Strategy) -> bool:
    """Whether a strategy is a file of external outputs, which needs no model."""
    return strategy.startswith(OUTPUTS_PREFIX) if isinstance(strategy, str) else strategy.outputs is not None


def find_models(request: Request, here: Path) -> list[NamedModel]:
    """The models that were asked for, each once.

    Raises:
        BenchError: one is not there, two go by the same name, or a revision is given for several.
    """
    names = list(dict.fromkeys(request.models))
    if not request.base and request.strategies and all(map(_is_external, request.strategies)):
        return []  # nothing is asked of any model
    if not names:
        raise BenchError("no model: name one with --model, such as --model tiny")
    if request.revision is not None and len(names) > 1:
        raise BenchError("--revision is for one model: run one at a time")
    found: list[NamedModel] = []
    for name in names:
        source = resolve_model(name, request.revision, here=here, with_code=request.trust_remote_code)
        if any(source.name == other.source.name for other in found):
            raise BenchError(f"two models are named '{source.name}': run one at a time, or rename a folder")
        trust = request.trust_remote_code
        found.append(NamedModel(name, source, shape_of_model(source, trust_remote_code=trust), trust))
    return found


def plan_cells(
    request: Request,
    tasks: Mapping[str, Task],
    strategies: Mapping[str, Strategy],
    splits: Mapping[str, Splits],
    models: Sequence[NamedModel],
    device: Device,
) -> list[PlannedCell]:
    """Every cell that is not excluded.

    Raises:
        BenchError: an exclusion or an override that names what the grid does not have, or fits no cell; a strategy or a task that does
            not fit a model and was not excluded from it; no cell at all.
    """
    problems = _unknown_names(request, tasks, strategies, models, {name: len(s.train) for name, s in splits.items()})
    if problems:
        raise BenchError(problems)
    squares: list[PlannedCell] = []
    meant: set[int] = set()  # exclusions and overrides that fit something
    for task in tasks.values():
        for model in models:
            for strategy in strategies.values():
                if strategy.outputs is not None:
                    continue
                places = _Places(request, task, model, strategy, len(splits[task.name].train))
                meant |= places.meant
                own = places.strategy
                if not places.left or _answers_at_random(task, model, own, splits[task.name]):
                    continue
                refusal = _refusal(task, model, own, len(splits[task.name].train))
                if refusal is not None:
                    problems.append(refusal)
                    continue
                squares += [
                    PlannedCell(_cell(task, own, splits[task.name], model.source, device, size, seed), own) for size, seed in places.left
                ]
        squares += [_elsewhere(task, s, splits[task.name]) for s in strategies.values() if s.outputs is not None]
    for one in (*request.exclude, *request.override):
        if id(one) not in meant:
            problems.append(f"{one.place} ({one.model_dump(exclude_none=True)}) fits no cell of the grid")
    if not squares and not problems:
        problems.append("no cell is left: everything is excluded, or no strategy fits the model")
    if problems:
        raise BenchError(list(dict.fromkeys(problems)))
    return squares


def _answers_at_random(task: Task, model: NamedModel, strategy: Strategy, splits: Splits) -> bool:
    """Whether this is the untuned encoder without a head for these labels: there is nothing to measure, and nobody asked for it."""
    return strategy.name == BASE and task.chooses and model.shape == "encoder" and not model.has_head(splits.test[0].choices)


def _refusal(task: Task, model: NamedModel, strategy: Strategy, rows: int) -> str | None:
    """Why a strategy cannot be used on a task with a model and so many training rows; None where it can."""
    if model.shape == "encoder":
        name = model.source.name
        if not task.chooses:
            return (
                f"the model '{name}' is an encoder, which can only choose among labels, and the task '{task.name}' has none: "
                "take a decoder or an encoder–decoder, or exclude the pair in a grid file"
            )
        if strategy.method == "prompt" and strategy.name != BASE:
            return (
                f"strategy '{strategy.name}': a prompt does not change what the encoder '{name}' answers: leave it out, or exclude the "
                "pair in a grid file"
            )
    if strategy.shots > rows:
        return f"strategy '{strategy.name}': {strategy.shots} shots, and the task '{task.name}' has {rows} training rows"
    return None


class _Places:
    """The sizes and seeds of one task, model and strategy that are not excluded (`left`), and which exclusions and overrides fit."""

    def __init__(self, request: Request, task: Task, model: NamedModel, strategy: Strategy, rows: int) -> None:
        names: dict[str, Collection[object]] = {
            "task": [task.name], "model": [model.asked, model.source.name], "strategy": [strategy.name],
        }  # fmt: skip
        self.meant = {id(override) for override in request.override if override.fits(names)}
        self.strategy = overridden(strategy, request.override, names)
        self.left: list[tuple[int, int | None]] = []
        for (size, asked), seed in product(_sizes(request, self.strategy, rows), _seeds(request, self.strategy)):
            excluded = {id(where) for where in request.exclude if where.fits(names | {"train_size": asked, "seed": [seed]})}
            self.meant |= excluded
            if not excluded:
                self.left.append((size, seed))


def _sizes(request: Request, strategy: Strategy, rows: int) -> list[tuple[int, set[object]]]:
    """The training sizes that make a difference to a strategy, each with all that it was asked for as."""
    if strategy.train is None:
        return [(strategy.shots, {strategy.shots})]
    sizes: dict[int, set[object]] = {}
    for asked in request.train_sizes or ("all",):
        size = rows if asked == "all" else min(int(asked), rows)
        sizes.setdefault(size, {size, *(["all"] if size == rows else [])}).add(asked if asked == "all" else int(asked))
    return list(sizes.items())


def _seeds(request: Request, strategy: Strategy) -> Sequence[int | None]:
    """The seeds that make a difference to a strategy."""
    return [None] if strategy.deterministic else range(request.seeds)


def _unknown_names(
    request: Request,
    tasks: Mapping[str, Task],
    strategies: Mapping[str, Strategy],
    models: Sequence[NamedModel],
    rows: Mapping[str, int],
) -> list[str]:
    """What exclusions and overrides name and the grid does not have: a mistyped name among right ones would do nothing in silence."""
    every = [size for strategy in strategies.values() for count in rows.values() for size in _sizes(request, strategy, count)]
    known: dict[str, Collection[object]] = {
        "task": tasks,
        "model": {name for model in models for name in (model.asked, model.source.name)},
        "strategy": strategies,
        "train_size": {name for _, names in every for name in names},
        "seed": range(request.seeds),
    }
    return [
        f"{one.place}: the grid has no {field.replace('_', ' ')} '{value}'.{did_you_mean(str(value), map(str, known[field]))}"
        for one in (*request.exclude, *request.override)
        for field, value in one.names()
        if value not in known[field]
    ]


def _elsewhere(task: Task, strategy: Strategy, splits: Splits) -> PlannedCell:
    """The cell of outputs that were made elsewhere: no model, no seed, and what matters of the file is its content."""
    identity = {
        "task": task.model_dump(mode="json", exclude={"data", "description", "margin", "review"}),
        "strategy": strategy.model_dump(mode="json", exclude={"description": True, "outputs": {"path"}}),
        "data": splits.digest,
        "code": code_digest(),
    }
    digest = digest_of([json.dumps(identity, sort_keys=True)])
    return PlannedCell(Cell(digest[:16], task.name, EXTERNAL, strategy.name, 0, None), strategy)


def _cell(task: Task, strategy: Strategy, splits: Splits, source: ModelSource, device: Device, train_size: int, seed: int | None) -> Cell:
    """The cell, with an id made of everything that can change its result or its cost; where its files lie is not among it."""
    identity: dict[str, Any] = {
        "task": task.model_dump(mode="json", exclude={"data", "description", "margin", "review"}),
        "strategy": strategy.model_dump(mode="json", exclude={"description"}),
        "data": splits.digest,
        "model": source.digest,
        "train_size": train_size,
        "seed": seed,
        "device": [device.kind, device.name, device.dtype],
        "versions": get_result_versions(),
        "code": code_digest(),
    }
    digest = digest_of([json.dumps(identity, sort_keys=True)])
    return Cell(digest[:16], task.name, source.name, strategy.name, train_size, seed)
