"""The cascades of a run: when their cells can run, and where."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import BenchError, setting
from harness.grid.execution.hosted_cells import HostedCells
from harness.grid.planning import Planned
from harness.store import RunFolder, RunPlan
from harness.types import Cell


def is_cascade(plan: RunPlan, cell: Cell) -> bool:
    """Whether a cell is put together from two others."""
    return plan.get_strategy(cell).method == "cascade"


def needs_device(plan: RunPlan, cell: Cell) -> bool:
    """Whether a cell runs a model of this machine, and has a process for that. A cascade answers the calibration examples with one."""
    return plan.get_strategy(cell).has_model or is_cascade(plan, cell)


def check_cascades(plan: RunPlan, *, is_here: bool) -> None:
    """
    Raises:
        BenchError: a cascade would run on a cluster, where the trained models of other cells are not.
    """
    cascade = next((cell.strategy for cell in plan.cells if is_cascade(plan, cell)), None)
    if cascade is not None and not is_here:
        raise BenchError(
            f"strategy '{cascade}': a cascade needs the trained models on this machine. Leave out {setting('executor', 'ray')}"
        )


def prepare_cascades(planned: Planned, folder: RunFolder, cells: Sequence[Cell], hosts: HostedCells) -> list[Cell]:
    """Those of these cells that can run: both of their parts have ended, however, and the second has answered the calibration examples.

    The others have no result in this run, and run when it is resumed.
    """
    plan = planned.plan
    for cell_id, answers in planned.calibration_outputs.items():
        folder.write_calibration_answers(cell_id, answers)
    ready = []
    for cell in cells:
        parts = plan.find_cascade_parts(cell)
        if all(folder.cell(part.id).is_finished() for part in parts):
            then = parts[1]
            if plan.get_strategy(then).api is None or hosts.calibrate(cell, then):
                ready.append(cell)
    return ready
