"""Cells of external outputs: scored and stored like all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.grid.execution.result_notes import notes_on_external_outputs
from harness.grid.execution.scored_predictions import score_predictions
from harness.metrics import get_script_digests
from harness.store import RunFolder, RunPlan
from harness.types import Cell, CellResult, Cost, Prediction, Strategy


def finish_external_cells(folder: RunFolder, plan: RunPlan, cells: Sequence[Cell], predictions: Mapping[str, Sequence[Prediction]]) -> None:
    """Score and store the cells whose predictions are given by cell id."""
    trusts_code = bool(plan.options["trust_remote_code"])
    for cell in cells:
        if cell.id not in predictions:
            continue
        task, strategy = plan.tasks[cell.task], plan.get_strategy(cell)
        assert strategy.outputs is not None
        examples = folder.examples(cell.task)
        scored = score_predictions(task, examples, predictions[cell.id], trust_remote_code=trusts_code)
        provenance = {"outputs_sha256": strategy.outputs.sha256} | (get_script_digests(task.metrics) if trusts_code else {})
        notes = tuple(notes_on_external_outputs(task, Path(strategy.outputs.path), examples, scored.predictions))
        result = CellResult(cell, "done", _costs(strategy, plan, len(examples)), provenance, notes=notes, signatures=scored.signatures)
        folder.cell(cell.id).write_result(result, scored.predictions)


def _costs(strategy: Strategy, plan: RunPlan, examples: int) -> tuple[Cost, ...]:
    """The price of the outputs, if the user named one; nothing else is known about their costs."""
    assert strategy.outputs is not None
    price, currency = strategy.outputs.price_per_1k, plan.options["price"]["currency"]
    return () if price is None else (Cost("predict", 0.0, "external", price=price * examples / 1000, currency=currency),)
