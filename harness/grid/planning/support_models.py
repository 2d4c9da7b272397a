"""The models behind the metric `support`: found and checked before anything is spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.engine.models import Device, ModelSource, resolve_model
from harness.engine.support import check_scorer, is_scorer, scorer_fingerprint
from harness.errors import BenchError, setting
from harness.grid.request import RequestedModel
from harness.metrics import SUPPORT_SCORE
from harness.types import FaithfulnessSpec, Task


def find_support_models(
    tasks: Mapping[str, Task], folders: Mapping[str, Path], models: Sequence[RequestedModel], device: Device
) -> tuple[dict[str, Task], dict[str, ModelSource]]:
    """The tasks with the model that scores them, and where it was found, by task; tasks without the metric `support` are left as they are.

    Args:
        folders: of each task, from which a relative path of a model starts.

    Raises:
        BenchError: a model is missing, is not the one that the task declares, or cannot be used in this way.
    """
    scored: dict[str, Task] = {}
    sources: dict[str, ModelSource] = {}
    for name, task in tasks.items():
        scored[name] = task
        if SUPPORT_SCORE not in task.metrics:
            continue
        spec = task.faithfulness
        source = _base_model(task, models) if spec.model is None else _named_model(task, spec.model, folders[name])
        fingerprint = scorer_fingerprint(spec.kind, source, device)
        if spec.fingerprint not in (None, fingerprint):
            raise BenchError(
                f"task '{name}': faithfulness.fingerprint: declared is '{spec.fingerprint}', but the model '{source.name}' gives "
                f"'{fingerprint}'. Use the declared model, or remove the fingerprint."
            )
        resolved = FaithfulnessSpec(model=source.name, kind=spec.kind, fingerprint=fingerprint)
        scored[name], sources[name] = task.model_copy(update={"faithfulness": resolved}), source
    return scored, sources


def _named_model(task: Task, model: str, folder: Path) -> ModelSource:
    try:
        source = resolve_model(model, here=folder)
        check_scorer(task.faithfulness.kind, source)
    except BenchError as error:
        raise BenchError([f"task '{task.name}': faithfulness.model: {problem}" for problem in error.problems]) from None
    return source


def _base_model(task: Task, models: Sequence[RequestedModel]) -> ModelSource:
    """The first base model of the run that writes text."""
    if task.faithfulness.kind != "likelihood":
        kind = task.faithfulness.kind
        raise BenchError(f"task '{task.name}': faithfulness.kind: '{kind}' needs a model. Name it under faithfulness.model.")
    fitting = [model.source for model in models if is_scorer("likelihood", model.shape)]
    if not fitting:
        raise BenchError(
            f"task '{task.name}': metrics: '{SUPPORT_SCORE}' needs a language model, and this run has none. Name it: "
            f"{setting('support', 'MODEL')}, or faithfulness.model in the task."
        )
    return fitting[0]
