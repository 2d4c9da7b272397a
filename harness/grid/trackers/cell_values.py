"""What trackers learn of a cell: parameters before it runs, numbers after it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from harness.grid.trackers.tracked import CellOutcome, CurvePoint, TrackedCell
from harness.results import RunResults, StrategyResult
from harness.store import CellFolder, RunPlan
from harness.types import Cell, CellResult

# Adapters have megabytes; full fine-tuning of a large model has gigabytes, which the run's folder keeps anyway.
MAX_ARTIFACT_BYTES = 2**29
_LOSSES = {"loss": "train/loss", "validation_loss": "validation/loss"}  # as a cell calls them, as trackers show them


def describe_cell(plan: RunPlan, cell: Cell) -> TrackedCell:
    """The cell with the parameters that it has before it runs."""
    strategy = plan.get_strategy(cell)
    seed = "" if cell.seed is None or cell.id in plan.trials else f" seed {cell.seed}"
    params = {"task": cell.task, "model": cell.model, "strategy": cell.strategy, "method": strategy.method}
    numbers = {"train_size": cell.train_size, "seed": cell.seed, "shots": strategy.shots or None}
    train = {} if strategy.train is None else strategy.train.model_dump(mode="json")
    adapter = {f"adapter.{name}": value for name, value in strategy.adapter.items()}
    quantization = None if strategy.quantization is None else strategy.quantization.type
    values = {**numbers, **train, **adapter, "quantization": quantization}
    params |= {name: _as_text(value) for name, value in values.items() if value is not None}
    return TrackedCell(cell.id, f"{cell.task} · {plan.cell_label(cell)}{seed}", params)


def read_curve(files: CellFolder) -> list[CurvePoint]:
    """The curve of a cell that has ended; empty if nothing was trained."""
    return [read_point(int(point["step"]), point) for point in files.training_curve()]


def read_point(step: int, values: Mapping[str, Any], known: float | None = None) -> CurvePoint:
    """The losses at a step.

    Args:
        values: of a step, as a cell stores or reports them.
        known: the last validation loss, which is reported again until there is another.
    """
    losses = {shown: values.get(name) for name, shown in _LOSSES.items()}
    if losses["validation/loss"] == known:
        del losses["validation/loss"]
    return CurvePoint(step, _finite(losses))


def measure_cell(run: RunResults, cell: Cell) -> CellOutcome:
    """The outcome of a finished cell: scores are those of this cell alone, with their intervals over test examples."""
    result = run.all_results[cell.id]
    metrics = _measure_training(result)
    for cost in result.costs:
        metrics[f"cost/{cost.phase}_seconds"] = cost.seconds
        metrics[f"cost/{cost.phase}_tokens"] = cost.tokens
        metrics[f"cost/{cost.phase}_peak_bytes"] = cost.peak_allocated
    prices = [cost.price for cost in result.costs]
    if prices and None not in prices:
        metrics[f"cost/price_{result.costs[0].currency.lower()}"] = math.fsum(price for price in prices if price is not None)
    if result.status == "done" and cell in run.cells:
        metrics |= _scores(run.by_task[cell.task].get_strategy(cell).restrict_to(cell))
    artifact = run.folder.cell(cell.id).artifact
    sent = artifact if artifact.is_dir() and result.artifact_bytes <= MAX_ARTIFACT_BYTES else None
    return CellOutcome(result.status, _finite(metrics), result.error or "", sent)


def _measure_training(result: CellResult) -> dict[str, float | None]:
    metrics: dict[str, float | None] = {
        "size/trainable_parameters": result.trainable_parameters,
        "size/artifact_bytes": result.artifact_bytes,
    }
    if result.training is not None:
        metrics["best_validation_loss"] = result.training.best_validation_loss
        if result.training.preferences is not None:
            metrics["preference_accuracy"] = result.training.preferences[0] / result.training.preferences[1]
        metrics["learning_rate"] = result.training.learning_rate
        metrics["steps"] = result.training.steps
    if result.trial is not None:
        metrics["best_validation_loss"] = result.trial.loss
    return metrics


def _scores(strategy: StrategyResult) -> dict[str, float | None]:
    metrics: dict[str, float | None] = {}
    for name, score in strategy.scores.items():
        metrics[f"score/{name}"] = score.value
        if score.value is not None:
            metrics[f"score/{name}/low"], metrics[f"score/{name}/high"] = score.low, score.high
    return metrics


def _finite(metrics: Mapping[str, float | None]) -> dict[str, float]:
    """Trackers refuse infinite numbers, or show them as 0."""
    return {name: float(value) for name, value in metrics.items() if value is not None and math.isfinite(value)}


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
