"""The loss of each training run, step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.reporting.views.sections.output_source import OutputSource, source_of
from harness.results import StrategyResult
from harness.types import Objective


@dataclass(frozen=True)
class TrainingCurve:
    """The training of one cell: (step, loss) pairs, natural-log cross-entropy per target token, or the mean loss of preference pairs.

    Attributes:
        objective: which of the two.
        best: the step with the smallest validation loss.
    """

    source: OutputSource
    training: tuple[tuple[int, float], ...]
    validation: tuple[tuple[int, float], ...]
    best: tuple[int, float] | None
    overfitting: bool
    objective: Objective = "likelihood"


def list_training_curves(result: StrategyResult) -> list[TrainingCurve]:
    """The training curve of each cell, failed ones included."""
    curves = []
    for cell in result.cells:
        points = result.run.training_curve(cell.id)
        training = _finite([(p.get("step"), p.get("loss")) for p in points])
        validation = _finite([(p.get("step"), p.get("validation_loss")) for p in points])
        if training or validation:
            outcome = result.run.results.get(cell.id)
            summary = outcome.training if outcome else None
            recipe = result.definition.train
            overfitting = bool(summary and summary.overfitting)
            best = min(validation, key=lambda p: p[1], default=None)
            curves.append(
                TrainingCurve(
                    source_of(result, cell), training, validation, best, overfitting, recipe.objective if recipe else "likelihood"
                )
            )
    return curves


def _finite(points: Sequence[tuple[object, object]]) -> tuple[tuple[int, float], ...]:
    """The points that are numbers (a diverged run ends in NaN, which no axis can show), each step once, in order."""
    known = {step: float(loss) for step, loss in points if isinstance(step, int) and isinstance(loss, int | float)}
    return tuple((step, loss) for step, loss in sorted(known.items()) if math.isfinite(loss))
