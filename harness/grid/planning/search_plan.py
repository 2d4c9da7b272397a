"""The search that precedes a grid: what is searched for each strategy, checked before anything is spent, and the grid after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.engine.models import Device, load_skeleton
from harness.errors import BenchError, setting
from harness.grid.planning.cell_identity import model_cell
from harness.grid.planning.cells import PlannedCell
from harness.grid.request import BASE, Request, RequestedModel
from harness.grid.search import SHARES, Dimension, build_space, check_space, set_values
from harness.statistics import FEWEST_RACE_EXAMPLES
from harness.types import SearchSpec, Splits, Strategy, Task


@dataclass(frozen=True)
class PlannedSearch:
    """The search of one strategy on one task with one model.

    Attributes:
        cell: the strategy at its largest training size; its trials are trained on as many examples.
        space: what is searched; empty in a race of strategies as they are.
        shares: the share of the training that is done after each part of a trial.
    """

    task: str
    model: str
    cell: PlannedCell
    space: tuple[Dimension, ...]
    shares: tuple[float, ...]

    @property
    def strategy(self) -> Strategy:
        """With its own values."""
        return self.cell.strategy


@dataclass(frozen=True)
class SearchPlan:
    """All searches of a run.

    Attributes:
        spec: None in a race of strategies as they are.
        race: the highest accepted chance that the best strategy is dropped early; None: none is dropped.
        seeds: how many the grid has, for strategies that draw examples only with the chosen values.
    """

    spec: SearchSpec | None
    race: float | None
    searches: tuple[PlannedSearch, ...]
    seeds: int

    @property
    def seed(self) -> int:
        """Of the proposals."""
        return self.spec.seed if self.spec is not None else 0


def plan_search(
    request: Request,
    cells: Sequence[PlannedCell],
    tasks: Mapping[str, Task],
    splits: Mapping[str, Splits],
    models: Sequence[RequestedModel],
    *,
    price_per_hour: float | None,
) -> SearchPlan | None:
    """The search that a request asks for; None if it asks for none.

    Args:
        price_per_hour: of the device; None if it is not known.

    Raises:
        BenchError: a task has no validation examples, no strategy has a searched field, a value is invalid, or nothing is left to race.
    """
    spec, race = request.search, request.race
    if spec is None and race is None:
        return None
    problems = _find_problems(spec, race, tasks, splits, price_per_hour=price_per_hour)
    if problems:
        raise BenchError(problems)
    own = [planned for planned in cells if planned.strategy.has_model and planned.cell.strategy != BASE]  # which is the control
    _check_objectives(own)
    if spec is not None:
        check_space(list({id(planned.strategy): planned.strategy for planned in own}.values()), spec)
    by_name = {model.source.name: model for model in models}
    largest: dict[tuple[str, str, str], PlannedCell] = {}
    for planned in own:
        key = (planned.cell.task, planned.cell.model, planned.cell.strategy)
        if key not in largest or planned.cell.train_size > largest[key].cell.train_size:
            largest[key] = planned
    searches = []
    sizes = _count_parameters({(task, model) for task, model, _ in largest}, splits, by_name) if spec is not None else {}
    for (task, model, _), planned in largest.items():
        space = () if spec is None else build_space(planned.strategy, spec, sizes[task, model])
        trained = planned.strategy.train is not None
        if space or (race is not None and trained):
            searches.append(PlannedSearch(task, model, planned, space, _choose_shares(trained=trained, is_searched=bool(space))))
    if race is not None:
        _check_race(searches)
    return SearchPlan(spec, race, tuple(searches), request.seeds)


def list_variants(plan: SearchPlan | None) -> list[PlannedCell]:
    """The strategies of a search with each listed value, and each end of a range, to check them before anything is spent."""
    if plan is None or plan.spec is None:
        return []
    variants = []
    for search in plan.searches:
        for dimension in search.space:
            values = dimension.values or (dimension.at(0.0), dimension.at(1.0))
            for value in values:
                variants.append(PlannedCell(search.cell.cell, set_values(search.strategy, {dimension.name: value})))
    return variants


def apply_search(
    cells: Sequence[PlannedCell],
    chosen: Mapping[tuple[str, str, str], Mapping[str, Any]],
    dropped: Sequence[tuple[str, str, str]],
    tasks: Mapping[str, Task],
    splits: Mapping[str, Splits],
    models: Mapping[str, RequestedModel],
    device: Device,
    seeds: int,
) -> list[PlannedCell]:
    """The grid after a search: with the chosen values, and without the strategies that the race has dropped.

    Args:
        chosen: by task, model and strategy, the values.
        dropped: tasks, models and strategies.
        seeds: how many the grid has.
    """
    after: list[PlannedCell] = []
    for planned in cells:
        cell = planned.cell
        key = (cell.task, cell.model, cell.strategy)
        if key in dropped:
            continue
        if key not in chosen:
            after.append(planned)
            continue
        strategy = set_values(planned.strategy, chosen[key])
        size = cell.train_size if strategy.train is not None else strategy.shots
        draws: Sequence[int | None] = [None] if strategy.deterministic else range(seeds) if cell.seed is None else [cell.seed]
        for seed in draws:
            source = models[cell.model].source
            again = model_cell(tasks[cell.task], strategy, splits[cell.task], source, device, size, seed)
            if all(again.id != other.cell.id for other in after):  # a prompt without shots has one cell for all seeds
                after.append(PlannedCell(again, strategy))
    return after


def _choose_shares(*, trained: bool, is_searched: bool) -> tuple[float, ...]:
    """A race of strategies as they are ends before their last part: the grid trains those that are left anyway."""
    if not trained:
        return (1.0,)
    return SHARES if is_searched else SHARES[:-1]


def _count_parameters(
    pairs: Collection[tuple[str, str]], splits: Mapping[str, Splits], models: Mapping[str, RequestedModel]
) -> dict[tuple[str, str], int]:
    """The size of a model on a task, whose labels an encoder's head depends on; by task and model."""
    counts = {}
    for task, name in pairs:
        model, labels = models[name], splits[task].test[0].choices
        counts[task, name] = load_skeleton(model.source, trust_remote_code=model.trust_remote_code, labels=labels).parameters
    return counts


def _find_problems(
    spec: SearchSpec | None, race: float | None, tasks: Mapping[str, Task], splits: Mapping[str, Splits], *, price_per_hour: float | None
) -> list[str]:
    what = "a search" if spec is not None else "a race"
    problems = [
        f"task '{name}': {what} compares losses on validation examples, and there are none. "
        f"Name a file with {setting('validation', 'FILE')}, or let bench split the data"
        for name in tasks
        if not splits[name].validation
    ]
    if race is not None:
        problems += [
            f"task '{name}': a race needs at least {FEWEST_RACE_EXAMPLES} validation examples to prove anything, and there are "
            f"{len(splits[name].validation)}. Leave out {setting('race')}, or use more data"
            for name in tasks
            if 0 < len(splits[name].validation) < FEWEST_RACE_EXAMPLES
        ]
    if spec is not None and spec.price is not None and not price_per_hour:
        state = "is not known" if price_per_hour is None else "is 0"
        problems.append(f"search: price: the price of this device {state}. Give it with {setting('price', '1.50')}, or a budget in hours")
    return problems


def _check_objectives(cells: Sequence[PlannedCell]) -> None:
    """
    Raises:
        BenchError: a strategy learns from preference pairs.
    """
    recipes = {planned.strategy.name: planned.strategy.train for planned in cells}
    if paired := [name for name, recipe in recipes.items() if recipe is not None and recipe.objective == "dpo"]:
        raise BenchError(
            f"strategy '{paired[0]}': a search and a race compare the likelihood of the validation targets, which is not what "
            "train.objective: dpo improves. Run the strategy without them"
        )


def _check_race(searches: Sequence[PlannedSearch]) -> None:
    """
    Raises:
        BenchError: no task and model has two strategies that train.
    """
    racing: dict[tuple[str, str], int] = {}
    for search in searches:
        if search.strategy.train is not None:
            racing[search.task, search.model] = racing.get((search.task, search.model), 0) + 1
    if max(racing.values(), default=0) < 2:
        raise BenchError(f"{setting('race')} needs two strategies that train, and compares them on validation examples")
