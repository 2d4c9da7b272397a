"""Finished cells that need not run again, and the scores of these that do not fit the test examples any more.

Which columns are stored with the test examples does not change what a model answers, so it is no part of a cell's identity. A metric of a
plug-in may read them: its scores are computed again where the columns have changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.errors import BenchError
from harness.grid.execution.reused_costs import price_hosted_cell, price_reused_cell
from harness.grid.execution.scored_predictions import score_predictions
from harness.metrics import FAMILIES
from harness.store import CellFolder, RunFolder, RunPlan, find_finished_cell, reuse_cell
from harness.types import Cell


def reuse_finished_cell(plan: RunPlan, folder: RunFolder, cell: Cell) -> str:
    """Take a cell that another run beside this one has finished, priced as `price_reused_cell` says.

    Returns:
        The name of the other run; empty if there is none.
    """
    finished = find_finished_cell(folder.path.parent, cell.id, other_than=folder.path)
    if finished is None:
        return ""
    other = RunFolder(finished.path.parent.parent)
    spec = plan.get_strategy(cell).api
    result = price_reused_cell(finished.result(), plan.options["price"], plan.environment["cores"])
    result = result if spec is None else price_hosted_cell(finished.result(), spec.price)
    # A server may have another model under the same name by now: what it answered belongs to the run that asked it.
    reuse_cell(finished, folder.cell(cell.id), replace(result, served=None))
    if list_columns(other, cell.task) != list_columns(folder, cell.task):
        score_again(plan, folder, [cell])
    return other.path.name


def list_columns(folder: RunFolder, task: str) -> set[str] | None:
    """The columns that are stored with the test examples of a task; None if these cannot be read."""
    try:
        return folder.columns(task)
    except BenchError:
        return None


def score_again(plan: RunPlan, folder: RunFolder, cells: Sequence[Cell]) -> None:
    """Compute the scores of finished cells from their outputs, where a metric may read columns."""
    for cell in cells:
        task, files = plan.tasks[cell.task], folder.cell(cell.id)
        predictions = files.predictions() if _is_done(files) else ()
        if predictions and any(name not in FAMILIES for name in task.metrics):
            trusts_code = bool(plan.options["trust_remote_code"])
            scored = score_predictions(task, folder.examples(cell.task), predictions, trust_remote_code=trusts_code)
            files.write_result(replace(files.result(), signatures=scored.signatures), scored.predictions)


def _is_done(files: CellFolder) -> bool:
    return files.is_finished() and files.result().status == "done"
