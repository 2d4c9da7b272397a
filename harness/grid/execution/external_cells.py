"""Cells of external outputs: scored and stored like all others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from harness.engine.support import SupportModel, add_support
from harness.grid.execution.job import Emit
from harness.grid.execution.result_notes import notes_on_external_outputs
from harness.grid.execution.scored_predictions import score_predictions
from harness.grid.planning import Planned
from harness.metrics import get_script_digests
from harness.store import RunFolder, RunPlan
from harness.types import Cell, CellResult, Cost, Strategy


def finish_external_cells(planned: Planned, folder: RunFolder, cells: Sequence[Cell], emit: Emit) -> None:
    """Score and store these cells of external outputs; `emit` receives their events."""
    plan = planned.plan
    trusts_code = bool(plan.options["trust_remote_code"])
    for cell in cells:
        task, strategy, files = plan.tasks[cell.task], plan.get_strategy(cell), folder.cell(cell.id)
        assert strategy.outputs is not None
        examples = folder.examples(cell.task)
        predictions, support_notes = add_support(
            task,
            examples,
            planned.external_predictions[cell.id],
            _support_model(planned, cell.task),
            checkpoint=files.checkpoint,
            on_progress=partial(_report, emit, cell),
        )
        scored = score_predictions(task, examples, predictions, trust_remote_code=trusts_code)
        provenance = {"outputs_sha256": strategy.outputs.sha256} | (get_script_digests(task.metrics) if trusts_code else {})
        notes = (*notes_on_external_outputs(task, Path(strategy.outputs.path), examples, scored.predictions), *support_notes)
        result = CellResult(cell, "done", _costs(strategy, plan, len(examples)), provenance, notes=notes, signatures=scored.signatures)
        files.write_result(result, scored.predictions)


def _support_model(planned: Planned, task: str) -> SupportModel | None:
    """The model that scores support; its code is trusted only where it is a base model, whose code the user has allowed."""
    source = planned.support_models.get(task)
    if source is None:
        return None
    return SupportModel(source, planned.device, bool(planned.plan.options["trust_remote_code"]) and source in planned.sources.values())


def _report(emit: Emit, cell: Cell, done: int, total: int) -> None:
    emit({"event": "progress", "cell": cell.id, "done": done, "total": total, "unit": "outputs"})


def _costs(strategy: Strategy, plan: RunPlan, examples: int) -> tuple[Cost, ...]:
    """The price of the outputs, if the user named one; nothing else is known about their costs."""
    assert strategy.outputs is not None
    price, currency = strategy.outputs.price_per_1k, plan.options["price"]["currency"]
    return () if price is None else (Cost("predict", 0.0, "external", price=price * examples / 1000, currency=currency),)
