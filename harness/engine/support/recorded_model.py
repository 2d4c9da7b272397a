"""The model that scored the support of a finished run, found again for further outputs."""

from __future__ import annotations

from pathlib import Path

from harness.engine.models import Device, resolve_model
from harness.engine.support.add_support import SupportModel
from harness.engine.support.scorer import scorer_fingerprint
from harness.errors import BenchError, setting
from harness.store import StoredRun
from harness.types import Task


def find_support_model(run: StoredRun, task: Task, device: Device, model_path: str | None = None) -> SupportModel:
    """Find the model that scored `support` in a run, and check that it is the same.

    Args:
        device: the device that the run computed on, see `device_for`.
        model_path: another place to look in, if the model's name alone does not lead to it.

    Raises:
        BenchError: the model cannot be found, or would not give the same scores.
    """
    spec = task.faithfulness
    request = run.plan.options.get("request", {})
    named = [
        name for name in (request.get("support"), *request.get("models", ())) if spec.model in (Path(str(name)).name, Path(str(name)).stem)
    ]
    problem = ""
    for name in dict.fromkeys(map(str, filter(None, (spec.model, model_path, *named)))):
        try:
            source = resolve_model(name)
        except BenchError as error:
            problem = problem or str(error)
            continue
        fingerprint = scorer_fingerprint(spec.kind, source, device)
        if fingerprint == spec.fingerprint:
            return SupportModel(source, device)
        problem = f"the model '{name}' gives the fingerprint '{fingerprint}', but the run was scored with '{spec.fingerprint}'"
    hint = f" Make the model available, or name its place with {setting('model_path', 'PATH')}."
    raise BenchError(f"{run.name}: the outputs of '{task.name}' need the score 'support': {problem.removesuffix('.')}.{hint}")
