"""The cells of cascades: one for each cell of the strategy that answers first. They reuse its answers and those of the other strategy."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from harness.data.pipeline import read_outputs
from harness.errors import BenchError
from harness.grid.planning.cell_identity import cascade_cell
from harness.grid.planning.cells import PlannedCell
from harness.grid.planning.external_outputs import as_prediction
from harness.statistics import cluster_index, count_units, smallest_calibration
from harness.text import plural
from harness.types import Cell, Prediction, Splits, Strategy, Task

_SHOWN_IDS = 3


def find_cascades(strategies: Collection[Strategy]) -> list[Strategy]:
    """The strategies that are cascades."""
    return [strategy for strategy in strategies if strategy.method == "cascade"]


def plan_cascade_cells(cells: Sequence[PlannedCell], cascades: Sequence[Strategy]) -> list[PlannedCell]:
    """A cell for each cell of a cascade's first strategy, on each task that has outputs of the second."""
    planned = []
    for strategy in cascades:
        for each in cells:
            if each.cell.strategy == strategy.first and (then := _find_second(each.cell, strategy, cells)) is not None:
                planned.append(PlannedCell(cascade_cell(strategy, each.cell, then), strategy))
    return planned


def _find_second(first: Cell, strategy: Strategy, cells: Sequence[PlannedCell]) -> Cell | None:
    """As `RunPlan.find_cascade_parts` will choose it."""
    fitting = [each.cell for each in cells if each.cell.task == first.task and each.cell.strategy == strategy.then]
    return next((cell for cell in fitting if cell.seed == first.seed), next(iter(fitting), None))


def read_calibration_outputs(
    cells: Sequence[PlannedCell], tasks: Mapping[str, Task], splits: Mapping[str, Splits]
) -> dict[str, tuple[Prediction, ...]]:
    """What external outputs answer to the calibration examples, by the id of their cell, where a cascade passes answers on to them.

    Raises:
        BenchError: calibration examples have no output; and see `read_outputs`.
    """
    needed = {(each.cell.task, each.strategy.then) for each in cells if each.strategy.method == "cascade"}
    answers: dict[str, tuple[Prediction, ...]] = {}
    problems: list[str] = []
    for each in cells:
        if each.strategy.outputs is not None and (each.cell.task, each.cell.strategy) in needed:
            try:
                answers[each.cell.id] = _read_outputs(Path(each.strategy.outputs.path), tasks[each.cell.task], splits[each.cell.task])
            except BenchError as error:
                problems += error.problems
    if problems:
        raise BenchError(problems)
    return answers


def _read_outputs(path: Path, task: Task, splits: Splits) -> tuple[Prediction, ...]:
    others = {example.id for example in (*splits.train, *splits.validation, *splits.test)} | splits.left_out
    others |= splits.left_out_of_validation
    outputs = read_outputs(path, splits.calibration, ignored_ids=others, needs_ids="a cascade also reads outputs of validation examples")
    missing = [example.id for example in splits.calibration if example.id not in outputs]
    if missing:
        shown = ", ".join(f"'{name}'" for name in missing[:_SHOWN_IDS]) + (", …" if len(missing) > _SHOWN_IDS else "")
        raise BenchError(
            f"{path.name}: {len(missing):,} of {plural(len(splits.calibration), 'calibration example')} of the task '{task.name}' have no "
            f"output ({shown}). A cascade chooses its threshold on validation examples: add the outputs of all of them"
        )
    return tuple(as_prediction(task, example, outputs[example.id]) for example in splits.calibration)


def calibration_warnings(cells: Sequence[PlannedCell], task: Task, splits: Splits) -> list[str]:
    """A warning for each cascade for which the calibration examples of the task are too few to guarantee anything."""
    cascades = {each.strategy.name: each.strategy for each in cells if each.strategy.method == "cascade" and each.cell.task == task.name}
    groups = [example.group for example in splits.calibration]
    units = count_units(len(groups), cluster_index(groups, len(groups)))
    unit = "group" if units < len(groups) else "example"
    return [
        f"strategy '{name}': {plural(units, f'calibration {unit}')} (half of the validation examples) can guarantee nothing, so that all "
        f"answers will be passed on. A risk of {strategy.risk:.3g} at {strategy.confidence:.4g} confidence takes at least {smallest:,}: "
        "use more validation data, or accept a higher risk"
        for name, strategy in cascades.items()
        if units < (smallest := smallest_calibration(strategy.risk, strategy.confidence))
    ]
