"""Cells of external outputs: scored and stored like all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.grid.execution.scored_predictions import score_predictions
from harness.metrics import get_script_digests
from harness.store import RunFolder, RunPlan
from harness.types import Cell, CellResult, Cost, Prediction, Strategy, Task


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
        notes = tuple(_notes(task, strategy, [example.id for example in examples], scored.predictions))
        result = CellResult(cell, "done", _costs(strategy, plan, len(examples)), provenance, notes=notes, signatures=scored.signatures)
        folder.cell(cell.id).write_result(result, scored.predictions)


def _costs(strategy: Strategy, plan: RunPlan, examples: int) -> tuple[Cost, ...]:
    """The price of the outputs, if the user named one; nothing else is known about their costs."""
    assert strategy.outputs is not None
    price, currency = strategy.outputs.price_per_1k, plan.options["price"]["currency"]
    return () if price is None else (Cost("predict", 0.0, "elsewhere", price=price * examples / 1000, currency=currency),)


def _notes(task: Task, strategy: Strategy, ids: Sequence[str], rows: Sequence[Prediction]) -> list[str]:
    """What a reader of the scores must know of the outputs."""
    assert strategy.outputs is not None
    notes = [f"Made elsewhere ({Path(strategy.outputs.path).name})."]
    there = {p.example_id for p in rows}
    missing = [name for name in ids if name not in there]
    if missing:
        notes.append(f"{len(missing):,} of {len(ids):,} test rows have no output ({_some(missing)}); they score as wrong.")
    strange = [p.output for p in rows if p.extracted is None] if task.chooses else []
    if strange:
        notes.append(f"{len(strange):,} of {len(rows):,} outputs are none of the labels ({_some(strange)}); they score as wrong.")
    if "probabilities" in task.metrics and not all(p.label_logprobs for p in rows):
        notes.append("Without probabilities of the labels, auroc, brier, log_loss and ece take the label that was given for certain.")
    return notes


def _some(texts: Sequence[str]) -> str:
    first = ", ".join(repr(text if len(text) <= 40 else text[:39] + "…") for text in texts[:3])
    return first + (", …" if len(texts) > 3 else "")
