"""The models of a task in another model registry, where teams look for them: MLflow's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.api.arguments import PathLike
from harness.api.model_history import REGISTRY
from harness.api.model_stages import list_models
from harness.api.serving import load_registered, with_promotion, write_adapter, write_whole_model
from harness.errors import BenchError
from harness.gate import Registry, StagedModel
from harness.reporting import MODEL_FILE
from harness.store import file_lock

if TYPE_CHECKING:  # imported where something is sent
    from harness.lifecycle.serving import MirroredVersion, ServedModel

_LOCK = ".mirror.lock"
_PATIENCE_SECONDS = 600.0  # for another process that uploads a large model


@dataclass(frozen=True)
class Mirror:
    """What is in the other registry now.

    Attributes:
        place: the address of its server.
        name: of the registered model.
        versions: of the models in a stage other than retired.
        skipped: models that cannot be exported, each with the reason; never the champion.
    """

    place: str
    name: str
    versions: tuple[MirroredVersion, ...]
    skipped: tuple[tuple[StagedModel, str], ...]


def check_mirror(to: str, parameter: str = "to") -> None:
    """Check that models can be mirrored there, before anything is changed; nothing is sent.

    Raises:
        BenchError: the tool is unknown, or its package is not installed.
    """
    from harness.lifecycle.serving import parse_mirror_target

    parse_mirror_target(to, parameter)


def mirror_models(
    task: str,
    to: str = "mlflow",
    *,
    model_path: PathLike | None = None,
    trust_remote_code: bool = False,
    registry: PathLike = REGISTRY,
) -> Mirror:
    """Make the models of a task versions of a registered model in MLflow, with their stages as aliases: `champion`, `challenger`, …

    The registry of bench decides, and this makes the other one the same. A version that is there already is not uploaded again, so after a
    failure the same call does the rest. `mlflow.pyfunc.load_model("models:/TASK@champion")` answers without bench.

    What is sent: trained weights, tokenizer, prompt, model card, `model.json`, and tags with run, strategy and verdict. No example. The
    server is that of MLFLOW_TRACKING_URI.

    Args:
        to: "mlflow", or "mlflow:NAME" for another name of the registered model than that of the task.
        model_path: folder of the base model, if it cannot be found by its name.
        trust_remote_code: allow Python code that comes with a model while it is exported.

    Raises:
        BenchError: no model of this task; MLflow fails or is not installed; the registered model was not made from this registry; the
            champion cannot be exported.
    """
    from harness.lifecycle.serving import MLflowMirror, parse_mirror_target

    target = parse_mirror_target(to, "to")
    list_models(task, registry=registry)  # raises where there is none
    registered = Registry(Path(registry))
    mirror = MLflowMirror(target.name or task, task, registered.identity)
    versions, skipped = [], []
    with file_lock(Path(registry) / _LOCK, patience=_PATIENCE_SECONDS):
        models = [with_promotion(model, task, registry) for model in list_models(task, registry=registry)]
        served = [_describe(model) for model in models]
        place = mirror.open()
        for model, known in zip(models, served, strict=True):
            if model.stage == "retired":
                continue
            try:
                versions.append(mirror.add(known, _Writer(model, registry, model_path, trust_remote_code)))
            except _ExportError as error:
                skipped.append((model, error.reason))
        mirror.set_stages(served)
    for model, reason in skipped:
        if model.stage == "champion":
            raise BenchError(f"the champion of '{task}' is not mirrored, and the alias was removed: {reason}")
    return Mirror(place, mirror.name, tuple(versions), tuple(skipped))


class _ExportError(Exception):
    """A model that cannot be exported; the others are mirrored."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class _Writer:
    """Writes the export of a model. An adapter stays an adapter: it is small, and computes exactly what was measured."""

    model: StagedModel
    registry: PathLike
    model_path: PathLike | None
    trust_remote_code: bool

    def __call__(self, folder: Path) -> Mapping[str, Any]:
        try:
            finished = load_registered(self.model, self.registry)
            place, allowed = self.model_path, self.trust_remote_code
            if finished.strategy.has_adapter:
                write_adapter(self.model, finished, folder, model_path=place, trust_remote_code=allowed, includes_base=True)
            else:
                write_whole_model(self.model, finished, folder, model_path=place, trust_remote_code=allowed)
        except BenchError as error:
            raise _ExportError("; ".join(error.problems)) from None
        files = {"prompt": folder / "prompt.json", "model": folder / MODEL_FILE}
        return {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items()}


def _describe(model: StagedModel) -> ServedModel:
    from harness.lifecycle.serving import ServedModel

    event = model.event
    tags = {
        "bench.run": event.run,
        "bench.strategy": event.strategy,
        "bench.base_model": event.model,
        "bench.verdict": event.outcome or "not judged",
        "bench.forced": "true" if event.is_forced else "false",
    }
    return ServedModel(event.digest, event.strategy, model.stage, tags)
