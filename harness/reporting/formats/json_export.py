"""A run for programs: one flat record a cell, plain JSON values. Texts are as they were stored, numbers are not rounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from harness.reporting.views.comparison_view import ComparisonView
from harness.reporting.views.learning import learning_of
from harness.reporting.views.view import LearningLine
from harness.reporting.wording.advice import advice_of
from harness.reporting.wording.cell_notes import note_sentence
from harness.results import PHASES, RunResults, TaskResults
from harness.statistics import Step
from harness.store import to_jsonable
from harness.types import Cell, CellResult, Cost, Score, Task, total_cost


def to_json(run: RunResults) -> dict[str, Any]:
    """`{"run": name, "cells": [...], "recommendations": [...], "learning_curves": [...]}` with the cells in the order of the plan.

    A cell that has not ended is 'interrupted'; scores stand only with a cell that is done. Scores are computed from the stored rows,
    seconds are of wall clock, memory in bytes, energy in joules. A number that was not measured is null, never NaN.
    """
    cells = [_cell(cell, run.status(cell.id), run.results.get(cell.id), run.by_task[cell.task]) for cell in run.cells]
    curves = [curve for rows in run.by_task.values() for curve in _learning_curves(rows)]
    advice = [each for rows in run.by_task.values() if (each := _recommendation(rows))]
    found: dict[str, Any] = to_jsonable({"run": run.name, "cells": cells, "recommendations": advice, "learning_curves": curves})
    return found


def comparison_to_json(views: Sequence[ComparisonView]) -> dict[str, Any]:
    """`{"comparisons": [...]}`: every value of the views, A first. A number that does not exist is null, never NaN."""
    found: dict[str, Any] = to_jsonable({"comparisons": [asdict(view) for view in views]})
    return found


def _recommendation(rows: TaskResults) -> dict[str, Any] | None:
    """One record a task with two strategies that have a score."""
    advice = advice_of(rows)
    if advice is None:
        return None
    kept = [{"strategy": each.label, **asdict(each.kept), "cost_ratio": each.cost} for each in advice.against_full]
    return {
        "task": rows.task.name,
        "score": rows.task.primary,
        **asdict(advice.found),
        "against_full": kept,
        "sentences": list(advice.sentences),
    }


def _learning_curves(rows: TaskResults) -> list[dict[str, Any]]:
    """One record a strategy and model that has scores at several training sizes: what was measured, and what more rows would bring."""
    learning = learning_of(rows)
    return [_learning_curve(rows.task, ln) for ln in learning.lines] if learning else []


def _learning_curve(task: Task, ln: LearningLine) -> dict[str, Any]:
    curve = ln.curve
    return {
        "task": task.name,
        "model": ln.model,
        "strategy": ln.lines[0].strategy,
        "score": task.primary,
        "margin": curve.margin,
        "points": [{"train_size": size, **_score(score)} for size, score in curve.points],
        "trainings_per_size": curve.min_seeds,
        "last_step": _step(curve.last_step),
        "fit": asdict(curve.fit) if curve.fit else None,
        "problem": curve.problem or None,
        "forecasts": [
            {
                "train_size": f.size,
                "value": f.value,
                "low": f.low,
                "high": f.high,
                "gain": _step(f.step),
                "beyond_ten_times": f.is_far,
                "outlook": f.outlook,
            }
            for f in curve.forecasts
        ],
        "method": curve.method,
        "reliable": curve.reliable,
        "reason": curve.reason or None,
        "sentences": list(ln.sentences),
    }


def _step(step: Step) -> dict[str, Any]:
    return {"from": step.start, "to": step.end, "value": step.gain, "low": step.low, "high": step.high, "reliable": step.reliable}


def _cell(cell: Cell, status: str, result: CellResult | None, rows: TaskResults) -> dict[str, Any]:
    scores = rows.scores([cell]) if status == "done" else {}
    costs = result.costs if result else ()
    return {
        "task": cell.task,
        "model": cell.model,
        "strategy": cell.strategy,
        "train_size": cell.train_size,
        "seed": cell.seed,
        "status": status,
        "error": result.error if result else None,
        "scores": {name: _score(score) for name, score in scores.items()},
        "costs": {phase: _cost(own) for phase in PHASES if (own := [c for c in costs if c.phase == phase])},
        "total_cost": total_cost(costs) | {"currency": costs[0].currency if costs else None},
        "parameters": {
            "trainable": result.trainable_parameters if result else None,
            "total": result.total_parameters if result else None,
        },
        "artifact_bytes": result.artifact_bytes if result else None,
        "general_loss": _before_after(result),
        "notes": [note_sentence(note) for note in result.notes] if result else [],
    }


def _before_after(result: CellResult | None) -> dict[str, float] | None:
    """Nats per token of general text."""
    if result is None or result.general_loss is None:
        return None
    before, after = result.general_loss
    return {"before": before, "after": after, "forgetting": after - before}


def _score(score: Score) -> dict[str, Any]:
    return {
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "n": score.n,
        "method": score.method,
        "reliable": score.reliable,
        "reason": score.reason or None,
    }


def _cost(costs: list[Cost]) -> dict[str, Any]:
    """The entries of one phase together."""
    total = total_cost(costs)
    reserved = [c.peak_reserved for c in costs if c.peak_reserved is not None]
    return {
        "seconds": total["seconds"],
        "peak_allocated": total["peak_allocated"],
        "peak_reserved": max(reserved, default=None),
        "tokens": total["tokens"],
        "energy": total["energy"],
        "price": total["price"],
        "currency": costs[0].currency,
    }
