"""Cells whose outputs were made elsewhere: read when the grid is planned, scored here, stored like every other."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.analysis import per_example_scores
from harness.data.outputs import Output, read_outputs
from harness.errors import BenchError
from harness.inference.extract import extract
from harness.metrics import metrics_for, scripts_of
from harness.store import RunFolder, RunPlan
from harness.types import Cell, CellResult, Cost, Example, OutputsSpec, Prediction, Splits, Strategy, Task

PREFIX = "outputs:"
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


def outputs_strategy(file: str, *, name: str | None = None, price_per_1k: float | None = None) -> Strategy:
    """The strategy that stands for a file of outputs, named after it unless a name is given.

    Raises:
        BenchError: there is no such file.
    """
    path = Path(file)
    if not path.is_file():
        raise BenchError(f"{PREFIX}{file}: no such file")
    called = _checked(name or re.sub(r"[^A-Za-z0-9._=,+:-]", "-", path.stem).strip("-.") or "outputs")
    spec = OutputsSpec(path=file, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), price_per_1k=price_per_1k)
    try:
        return Strategy(name=called, method="outputs", description=f"Outputs made elsewhere, {path.name}.", outputs=spec)
    except ValueError:
        raise BenchError(f"'{called}' cannot be the name of a strategy: use letters, digits and . _ - + =") from None


def _checked(name: str) -> str:
    """The name that somebody gave.

    Raises:
        BenchError: it is that of the untuned model.
    """
    if name == "base":
        raise BenchError("'base' is the untuned model: give the outputs another name")
    return name


def predictions_of(strategy: Strategy, task: Task, splits: Splits) -> tuple[Prediction, ...]:
    """One prediction for each output to a test row that is there, in the order of the rows.

    Raises:
        BenchError: see `read_outputs`.
    """
    assert strategy.outputs is not None
    others = {example.id for example in (*splits.train, *splits.validation)}
    found = read_outputs(Path(strategy.outputs.path), splits.test, others=others)
    return tuple(_prediction(task, example, found[example.id]) for example in splits.test if example.id in found)


def _prediction(task: Task, example: Example, output: Output) -> Prediction:
    if not task.chooses:
        return Prediction(example.id, output.text, extract(output.text, task, task.decode.stop))
    return Prediction(
        example.id, output.text, label_in(output.text, example.choices), _logprobs(output.probabilities, example.choices), finish="choice"
    )


def label_in(text: str, choices: Sequence[str]) -> str | None:
    """The label that an output is: as it is, else whatever its case, else whatever the punctuation around it; None where it is none of
    them, or could be several."""
    if text.strip() in choices:
        return text.strip()
    for folded in (str.casefold, lambda label: _EDGES.sub("", label).casefold()):
        fitting = [choice for choice in choices if folded(choice.strip()) == folded(text.strip()) != ""]
        if fitting:
            return fitting[0] if len(fitting) == 1 else None
    return None


def _logprobs(probabilities: Mapping[str, float], choices: Sequence[str]) -> tuple[float, ...]:
    """Natural logarithms in the order of the choices; a label without a probability, or with none, has the smallest that counts."""
    if not any(probabilities.get(choice, 0.0) > 0 for choice in choices):
        return ()
    return tuple(math.log(max(probabilities.get(choice, 0.0), 1e-300)) for choice in choices)


def finish_cells(folder: RunFolder, plan: RunPlan, cells: Sequence[Cell], made: Mapping[str, Sequence[Prediction]]) -> None:
    """Score and store the cells, whose predictions are in `made` by the cell's id."""
    for cell in cells:
        task, strategy = plan.tasks[cell.task], plan.strategy_of(cell)
        examples = {example.id: example for example in folder.examples(cell.task)}
        trusted = bool(plan.options["trust_remote_code"])
        metrics = metrics_for(task.metrics, next(iter(examples.values())).choices, run_code=trusted)
        rows = [replace(p, scores=per_example_scores(metrics, examples[p.example_id], p)) for p in made[cell.id]]
        assert strategy.outputs is not None
        made_with = {"outputs_sha256": strategy.outputs.sha256} | (scripts_of(task.metrics) if trusted else {})
        costs = _costs(strategy, plan, len(examples))
        notes = tuple(_notes(task, strategy, list(examples), rows))
        signatures = {metric.name: metric.signature for metric in metrics}
        folder.cell(cell.id).finish(CellResult(cell, "done", costs, made_with, notes=notes, signatures=signatures), rows)


def _costs(strategy: Strategy, plan: RunPlan, rows: int) -> tuple[Cost, ...]:
    """What making the outputs took is known only where somebody said its price."""
    assert strategy.outputs is not None
    price, currency = strategy.outputs.price_per_1k, plan.options["price"]["currency"]
    return () if price is None else (Cost("predict", 0.0, "elsewhere", price=price * rows / 1000, currency=currency),)


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
