"""The cells of the grid: tasks × models × strategies × training sizes × seeds, without those that are excluded or impossible."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from harness.engine.models import Device
from harness.errors import BenchError, did_you_mean
from harness.grid.planning.artifact_cells import find_artifact_problem, is_on_model
from harness.grid.planning.cell_identity import external_cell, hosted_cell, model_cell
from harness.grid.request import BASE, Request, RequestedModel, apply_overrides
from harness.types import Cell, Splits, Strategy, Task


@dataclass(frozen=True)
class PlannedCell:
    """A cell, and its strategy with the values that the cell uses."""

    cell: Cell
    strategy: Strategy


def plan_cells(
    request: Request,
    tasks: Mapping[str, Task],
    strategies: Mapping[str, Strategy],
    splits: Mapping[str, Splits],
    models: Sequence[RequestedModel],
    device: Device,
) -> list[PlannedCell]:
    """Plan every cell that is not excluded.

    Raises:
        BenchError: an exclusion or override names something that the grid does not have, or matches no cell; a strategy or task does not
            fit a model and is not excluded from it; no cell is left.
    """
    problems = _unknown_names(request, tasks, strategies, models, {name: len(s.train) for name, s in splits.items()})
    if problems:
        raise BenchError(problems)
    cells: list[PlannedCell] = []
    matched: set[int] = set()  # ids of the exclusions and overrides that match something
    for task in tasks.values():
        data = splits[task.name]
        problems += [p for p in [_own_targets(task, strategies)] if p is not None]
        for model, strategy in product(models, strategies.values()):
            if not model.is_used_by(strategy):
                continue
            combination = _Combination(request, task, model, strategy, len(data.train))
            matched |= combination.matched
            used = combination.strategy
            if not combination.remaining or _is_untrained_encoder(task, model, used, data) or not is_on_model(used, model, models):
                continue
            problem = _misfit(task, model, used, len(data.train), data.test[0].choices)
            if problem is not None:
                problems.append(problem)
                continue
            cells += [
                PlannedCell(model_cell(task, used, data, model.source, device, size, seed), used) for size, seed in combination.remaining
            ]
        cells += [PlannedCell(external_cell(task, s, data), s) for s in strategies.values() if s.outputs is not None]
        for strategy in strategies.values():
            if strategy.api is not None:
                problems += [p for p in [_lacking_shots(task, strategy, len(data.train))] if p is not None]
                cells += [PlannedCell(hosted_cell(task, strategy, data, seed), strategy) for seed in _seeds(request, strategy)]
    for selector in (*request.exclude, *request.override):
        if id(selector) not in matched:
            problems.append(f"{selector.place} ({selector.model_dump(exclude_none=True)}) matches no cell of the grid")
    if not cells and not problems:
        problems.append("no cell is left: everything is excluded, or no strategy fits the model")
    if problems:
        raise BenchError(list(dict.fromkeys(problems)))
    return cells


def _is_untrained_encoder(task: Task, model: RequestedModel, strategy: Strategy, splits: Splits) -> bool:
    """Whether this is the base strategy on an encoder without a head for these labels: its answers would be random."""
    return strategy.name == BASE and task.chooses and model.shape == "encoder" and not model.has_head(splits.test[0].choices)


def _misfit(task: Task, model: RequestedModel, strategy: Strategy, training_examples: int, labels: Sequence[str] = ()) -> str | None:
    """Why a strategy cannot be used on a task with a model and this number of training examples; None if it can."""
    name = model.source.name
    if model.shape == "encoder" and not task.chooses:
        return (
            f"the model '{name}' is an encoder, which can only choose among labels, but the task '{task.name}' has no labels: "
            "use a decoder or an encoder-decoder, or exclude the pair in a grid file"
        )
    if (problem := find_artifact_problem(task, model, strategy, labels)) is not None:
        return problem
    if model.shape == "encoder" and strategy.method == "prompt" and strategy.name != BASE:
        return (
            f"strategy '{strategy.name}': a prompt does not change what the encoder '{name}' answers: leave it out, or exclude the pair in "
            "a grid file"
        )
    if (lacking := _lacking_shots(task, strategy, training_examples)) is not None:
        return lacking
    return None


def _own_targets(task: Task, strategies: Mapping[str, Strategy]) -> str | None:
    """Why a model cannot be scored on targets that are its own outputs."""
    model = task.data.targets_from
    if model is None or model not in strategies:
        return None
    return (
        f"task '{task.name}': data.targets_from: the targets are outputs of '{model}', which agrees with itself and cannot be scored on "
        f"them. Leave out '{model}', or test on examples that people have labelled independently"
    )


def _lacking_shots(task: Task, strategy: Strategy, training_examples: int) -> str | None:
    if strategy.shots <= training_examples:
        return None
    available = f"the task '{task.name}' has {training_examples} training examples"
    return f"strategy '{strategy.name}': needs {strategy.shots} shots, but {available}"


class _Combination:
    """The cells of one task, model and strategy.

    `remaining` are the training sizes and seeds that are not excluded; `matched` the ids of the exclusions and overrides that match;
    `strategy` has the values of these overrides.
    """

    def __init__(self, request: Request, task: Task, model: RequestedModel, strategy: Strategy, training_examples: int) -> None:
        names: dict[str, Collection[object]] = {
            "task": [task.name], "model": [model.requested_name, model.source.name], "strategy": [strategy.name],
        }  # fmt: skip
        self.matched = {id(override) for override in request.override if override.matches(names)}
        self.strategy = apply_overrides(strategy, request.override, names)
        self.remaining: list[tuple[int, int | None]] = []
        sizes, seeds = _training_sizes(request, self.strategy, training_examples), _seeds(request, self.strategy)
        for (size, size_names), seed in product(sizes, seeds):
            cell = names | {"train_size": size_names, "seed": [seed]}
            exclusions = {id(exclusion) for exclusion in request.exclude if exclusion.matches(cell)}
            self.matched |= exclusions
            if not exclusions:
                self.remaining.append((size, seed))


def _training_sizes(request: Request, strategy: Strategy, training_examples: int) -> list[tuple[int, set[object]]]:
    """The distinct training sizes of a strategy, each with every value in the request that means it."""
    if strategy.train is None:
        return [(strategy.shots, {strategy.shots})]
    sizes: dict[int, set[object]] = {}
    for requested in request.train_sizes or ("all",):
        size = training_examples if requested == "all" else min(int(requested), training_examples)
        names = sizes.setdefault(size, {size, *(["all"] if size == training_examples else [])})
        names.add(requested if requested == "all" else int(requested))
    return list(sizes.items())


def _seeds(request: Request, strategy: Strategy) -> Sequence[int | None]:
    """The seeds of a strategy; a single None if no seed changes its result. Those of a hosted model number its repeats."""
    if strategy.deterministic:
        return [None]
    repeats = 1 if strategy.api is None else strategy.api.repeats
    return range(max(repeats, request.seeds if strategy.train is not None or strategy.shots else 1))


def _unknown_names(
    request: Request,
    tasks: Mapping[str, Task],
    strategies: Mapping[str, Strategy],
    models: Sequence[RequestedModel],
    training_examples: Mapping[str, int],
) -> list[str]:
    """The names in exclusions and overrides that the grid does not have: a mistyped name among others would silently do nothing."""
    sizes = [size for s in strategies.values() for count in training_examples.values() for size in _training_sizes(request, s, count)]
    known: dict[str, Collection[object]] = {
        "task": tasks,
        "model": {name for model in models for name in (model.requested_name, model.source.name)},
        "strategy": strategies,
        "train_size": {name for _, names in sizes for name in names},
        "seed": range(request.seeds),
    }
    return [
        f"{selector.place}: the grid has no {field.replace('_', ' ')} '{value}'.{did_you_mean(str(value), map(str, known[field]))}"
        for selector in (*request.exclude, *request.override)
        for field, value in selector.criteria()
        if value not in known[field]
    ]
