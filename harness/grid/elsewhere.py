"""Cells whose outputs were made elsewhere: read when the grid is planned, scored here, stored like every other."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.analysis import per_example_scores
from harness.data.outputs import Output, read_outputs
from harness.errors import BenchError
from harness.inference.extract import extract
from harness.metrics import metrics_for
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
    called = name or re.sub(r"[^A-Za-z0-9._=,+:-]", "-", path.stem).strip("-.") or "outputs"
    spec = OutputsSpec(path=file, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), price_per_1k=price_per_1k)
    try:
        return Strategy(name=called, method="outputs", description=f"Outputs made elsewhere, {path.name}.", outputs=spec)
    except ValueError:
        raise BenchError(f"'{called}' cannot be the name of a strategy: use letters, digits and . _ - + =") from None


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
    """The label that an output is: as it is, else whatever its case and the punctuation around it; None where it is none of them."""
    if text.strip() in choices:
        return text.strip()
    folded = {_EDGES.sub("", choice).casefold(): choice for choice in reversed(choices)}
    return folded.get(_EDGES.sub("", text).casefold())


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
        started = time.perf_counter()
        rows = [replace(p, scores=per_example_scores(metrics, examples[p.example_id], p)) for p in made[cell.id]]
        seconds = time.perf_counter() - started
        folder.cell(cell.id).finish(_result(cell, strategy, plan, len(examples), len(rows), seconds), rows)


def _result(cell: Cell, strategy: Strategy, plan: RunPlan, rows: int, outputs: int, seconds: float) -> CellResult:
    """The outcome. What making the outputs took is known only where somebody said its price."""
    assert strategy.outputs is not None
    price, currency = strategy.outputs.price_per_1k, plan.options["price"]["currency"]
    costs = () if price is None else (Cost("predict", 0.0, "elsewhere", price=price * rows / 1000, currency=currency),)
    notes = [f"Made elsewhere ({Path(strategy.outputs.path).name})."]
    if outputs < rows:
        notes.append(f"{rows - outputs:,} of {rows:,} test rows have no output; they score as wrong.")
    return CellResult(cell, "done", costs=costs, provenance={"outputs_sha256": strategy.outputs.sha256}, notes=tuple(notes))
