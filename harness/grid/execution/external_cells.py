"""Cells of external outputs: scored and stored like all others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.grid.execution.job import Emit
from harness.grid.execution.outside_answers import digest_scripts, score_outside_answers
from harness.grid.execution.result_notes import notes_on_external_outputs
from harness.grid.planning import Planned
from harness.store import RunFolder, RunPlan
from harness.types import Cell, CellResult, Cost, Strategy


def finish_external_cells(planned: Planned, folder: RunFolder, cells: Sequence[Cell], emit: Emit) -> None:
    """Score and store these cells of external outputs; `emit` receives their events."""
    plan = planned.plan
    for cell in cells:
        task, strategy, files = plan.tasks[cell.task], plan.get_strategy(cell), folder.cell(cell.id)
        assert strategy.outputs is not None
        examples = folder.examples(cell.task)
        scored, support_notes = score_outside_answers(planned, folder, cell, planned.external_predictions[cell.id], emit)
        provenance = {"outputs_sha256": strategy.outputs.sha256} | digest_scripts(planned, cell)
        notes = (*notes_on_external_outputs(task, Path(strategy.outputs.path), examples, scored.predictions), *support_notes)
        result = CellResult(cell, "done", _costs(strategy, plan, len(examples)), provenance, notes=notes, signatures=scored.signatures)
        files.write_result(result, scored.predictions)


def _costs(strategy: Strategy, plan: RunPlan, examples: int) -> tuple[Cost, ...]:
    """The price of the outputs, if the user named one; nothing else is known about their costs."""
    assert strategy.outputs is not None
    price, currency = strategy.outputs.price_per_1k, plan.options["price"]["currency"]
    return () if price is None else (Cost("predict", 0.0, "external", price=price * examples / 1000, currency=currency),)
