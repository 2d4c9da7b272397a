"""The base model of a finished cell, found again on this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.engine.models import Device, ModelSource, find_device, resolve_model
from harness.errors import BenchError, setting
from harness.results import FinishedCell
from harness.store import StoredRun


def find_base(finished: FinishedCell, model_path: str | None = None, *, with_code: bool = False) -> ModelSource:
    """Find the base model that the cell was run with, and check that it is the same.

    Args:
        model_path: where the model is, if its name alone does not lead to it.
        with_code: also fetch the Python code of a model on the Hub.

    Raises:
        BenchError: the model cannot be found, or its digest differs from the run's.
    """
    info = finished.run.plan.models[finished.cell.model]
    if finished.strategy.is_whole_artifact:  # which is its own base, and in the run
        return ModelSource(info.name, info.origin, finished.files.artifact, info.digest)
    names: list[tuple[str, str | None]] = [(model_path, None)] if model_path else [(info.name, info.revision)]
    if not model_path:  # the name in the request may have been a path
        requested = finished.run.plan.options.get("request", {}).get("models", ())
        names += [(str(name), None) for name in requested if info.name in (Path(str(name)).name, Path(str(name)).stem)]
    problem = ""
    for name, revision in dict.fromkeys(names):
        try:
            source = resolve_model(name, revision, with_code=with_code)
        except BenchError as error:
            problem = problem or str(error)
            continue
        if source.digest == info.digest:
            return replace(source, name=info.name, origin=info.origin, revision=info.revision)
        problem = f"'{name}' is not the model of this run: its sha256 is {source.digest}, but the run's '{info.name}' has {info.digest}"
    hint = "" if model_path else f" If '{info.name}' is in another place, name it with {setting('model_path', 'PATH')}."
    raise BenchError(f"{problem}{'' if problem.endswith('.') else '.'}{hint}")


def device_for(run: StoredRun) -> Device:
    """The device of this machine, computing in the run's dtype; a device of another kind than the run's uses its own default dtype."""
    options = run.plan.options
    device = find_device()
    return find_device(options["dtype"]) if device.kind == options["device"] else device
