"""Models that were tuned elsewhere, in the grid: which base model an adapter is put on, and what the run warns of."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from harness.engine.foreign import has_same_weights, is_same_base
from harness.errors import setting
from harness.grid.request import RequestedModel
from harness.types import Cell, Strategy, Task


def is_on_model(strategy: Strategy, model: RequestedModel, models: Sequence[RequestedModel]) -> bool:
    """Whether a strategy has cells on this model. An adapter that was trained on one of several models has them on that one alone."""
    if strategy.artifact is None or strategy.is_whole_artifact:
        return True
    named = [each for each in models if _is_base(strategy, each)]
    return not named or _is_base(strategy, model)


def find_artifact_problem(task: Task, model: RequestedModel, strategy: Strategy, labels: Sequence[str]) -> str | None:
    """Why a model that was tuned elsewhere cannot answer a task; None if it can.

    Args:
        labels: those of the task.
    """
    if strategy.artifact is None or model.shape != "encoder":
        return None
    if strategy.has_adapter:
        return (
            f"strategy '{strategy.name}': an adapter of an encoder does not tell which row of its head is which label. Merge it where it "
            "was trained, and name the folder of the whole model, whose config.json lists the labels"
        )
    if not model.has_head(labels):
        listed = ", ".join([*(repr(label[:40]) for label in labels[:5]), *(["…"] if len(labels) > 5 else [])])
        return (
            f"strategy '{strategy.name}': its head has other labels than the task '{task.name}' ({listed}). "
            "The id2label of its config.json must list these"
        )
    return None


def other_base_warnings(cells: Sequence[tuple[Cell, Strategy]], models: Sequence[RequestedModel]) -> list[str]:
    """A warning for each adapter that was trained on another base model, by the name in its configuration.

    Args:
        cells: those of a task, with their strategies.
    """
    by_name = {model.source.name: model for model in models}
    warnings = []
    for cell, strategy in cells:
        artifact, model = strategy.artifact, by_name.get(cell.model)
        if artifact is None or model is None or _is_base(strategy, model):
            continue
        warnings.append(
            f"strategy '{strategy.name}': its adapter was trained on '{artifact.trained_on}', and is tested on '{model.source.name}'. "
            f"The shapes fit, but if these are two models, its scores say nothing: name its own with {setting('model', 'NAME')}."
        )
    return warnings


def _is_base(strategy: Strategy, model: RequestedModel) -> bool:
    assert strategy.artifact is not None
    artifact, source = strategy.artifact, model.source
    names = (model.requested_name, source.name, source.origin, str(source.folder))
    return (
        strategy.is_whole_artifact
        or is_same_base(artifact.trained_on, *names)
        or has_same_weights(artifact.trained_on, Path(os.path.expanduser(artifact.path)), source.folder)
    )
