"""The scores of answers that no model of this run has given: those of a file, and those of a host."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from harness.engine.support import SupportModel, add_support
from harness.grid.execution.job import Emit
from harness.grid.execution.scored_predictions import ScoredPredictions, score_predictions
from harness.grid.planning import Planned
from harness.metrics import get_script_digests
from harness.store import RunFolder
from harness.types import Cell, CellNote, Prediction


def score_outside_answers(
    planned: Planned, folder: RunFolder, cell: Cell, predictions: Sequence[Prediction], emit: Emit
) -> tuple[ScoredPredictions, tuple[CellNote, ...]]:
    """Score the answers to the test examples, with their support where the task asks for it.

    Args:
        emit: receives the progress of the support.

    Returns:
        The scored predictions, and notes on their support.
    """
    task, files = planned.plan.tasks[cell.task], folder.cell(cell.id)
    examples = folder.examples(cell.task)
    supported, notes = add_support(
        task,
        examples,
        predictions,
        _support_model(planned, cell.task),
        checkpoint=files.checkpoint,
        on_progress=partial(_report, emit, cell),
    )
    return score_predictions(task, examples, supported, trust_remote_code=_trusts_code(planned)), tuple(notes)


def digest_scripts(planned: Planned, cell: Cell) -> dict[str, str]:
    """The digests of the scripts of metrics that may run."""
    return get_script_digests(planned.plan.tasks[cell.task].metrics) if _trusts_code(planned) else {}


def _trusts_code(planned: Planned) -> bool:
    return bool(planned.plan.options["trust_remote_code"])


def _support_model(planned: Planned, task: str) -> SupportModel | None:
    """The model that scores support; its code is trusted only where it is a base model, whose code the user has allowed."""
    source = planned.support_models.get(task)
    if source is None:
        return None
    return SupportModel(source, planned.device, _trusts_code(planned) and source in planned.sources.values())


def _report(emit: Emit, cell: Cell, done: int, total: int) -> None:
    emit({"event": "progress", "cell": cell.id, "done": done, "total": total, "unit": "outputs"})
