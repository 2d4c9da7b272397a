"""The cells of the leak test: what is trained a second time, with canaries in the training data, and the untuned models as control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.data.canaries import draw_canaries
from harness.engine.models import Device
from harness.errors import BenchError
from harness.grid.planning.cell_identity import leak_cell
from harness.grid.planning.cells import PlannedCell
from harness.grid.planning.stored_weights import StoredWeights
from harness.grid.request import BASE, RequestedModel
from harness.types import Splits, Task


def plan_leak_cells(
    cells: Sequence[PlannedCell], tasks: Mapping[str, Task], splits: Mapping[str, Splits], models: Sequence[RequestedModel], device: Device
) -> list[PlannedCell]:
    """One cell for each seed of each strategy that trains, at its largest training size, and one for each untuned model.

    Args:
        cells: the grid.

    Raises:
        BenchError: the training examples are too few for the canaries, nothing is trained, or a model is not a decoder.
    """
    planned: list[PlannedCell] = []
    problems: list[str] = []
    by_name = {model.source.name: model for model in models}
    for task in tasks.values():
        if not task.privacy.canaries:
            continue
        own = [each for each in cells if each.cell.task == task.name]
        largest: dict[tuple[str, str], int] = {}
        for each in own:
            if each.strategy.train is not None or each.strategy.name == BASE:
                key = (each.cell.model, each.cell.strategy)
                largest[key] = max(largest.get(key, 0), each.cell.train_size)
        tested = [each for each in own if largest.get((each.cell.model, each.cell.strategy)) == each.cell.train_size]
        problem = _find_problem(task, tested, by_name)
        if problem is not None:
            problems.append(problem)
            continue
        data = splits[task.name]
        draw_canaries(task, data.train, (*data.validation, *data.test))
        planned += [_plan(each, task, data, by_name[each.cell.model], device) for each in tested]
    if problems:
        raise BenchError(problems)
    return planned


def stored_while_tested(
    cells: Sequence[PlannedCell], leak_cells: Sequence[PlannedCell], stored: Mapping[str, StoredWeights]
) -> dict[str, StoredWeights]:
    """What the cells of the leak test store, by cell id: the weights of the cells that they repeat, for as long as they run.

    Args:
        stored: what the cells of the grid store, by cell id.
    """
    repeated = {_key(each): stored[each.cell.id] for each in cells if each.cell.id in stored}
    return {each.cell.id: repeated[_key(each)].without_artifact() for each in leak_cells if _key(each) in repeated}


def _key(planned: PlannedCell) -> tuple[str, str, str]:
    return planned.cell.task, planned.cell.model, planned.cell.strategy


def _plan(planned: PlannedCell, task: Task, data: Splits, model: RequestedModel, device: Device) -> PlannedCell:
    cell, strategy = planned.cell, planned.strategy
    return PlannedCell(leak_cell(task, strategy, data, model.source, device, cell.train_size, cell.seed), strategy)


def _find_problem(task: Task, tested: Sequence[PlannedCell], models: Mapping[str, RequestedModel]) -> str | None:
    """Why the leak test cannot be run; None if it can."""
    if paired := [each.strategy for each in tested if each.strategy.train is not None and each.strategy.train.objective == "dpo"]:
        return (
            f"task '{task.name}': privacy: strategy '{paired[0].name}' learns from preference pairs, in which no canary can be planted. "
            "Remove 'canaries', or leave the strategy out"
        )
    if all(each.strategy.train is None for each in tested):
        return f"task '{task.name}': privacy: no strategy of this run trains a model, so nothing could leak. Remove 'canaries'"
    other = next((name for each in tested if models[name := each.cell.model].shape != "decoder"), None)
    if other is None:
        return None
    return (
        f"task '{task.name}': privacy: the leak test reads the likelihoods of decoders, and the model '{other}' is an "
        f"{models[other].shape}. Remove 'canaries', or run that model by itself"
    )
