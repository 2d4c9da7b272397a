"""Models of a registry for those who serve them: a folder for vLLM, TGI, llama.cpp and transformers."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.arguments import Dtype, PathLike
from harness.api.exporting import FinishedListener
from harness.api.model_history import REGISTRY
from harness.api.model_stages import list_models
from harness.errors import BenchError, setting
from harness.gate import Registry, Stage, StagedModel, check_stage
from harness.reporting import MODEL_FILE, model_to_json
from harness.results import FinishedCell
from harness.store import write_json

if TYPE_CHECKING:  # imported where a model is loaded
    from harness.engine.artifacts import Completion, Exported, GgufUse, PromptParts


def export_registered(
    task: str,
    out: PathLike,
    *,
    stage: Stage = "champion",
    model: str | None = None,
    adapter: bool = False,
    gguf: bool | None = None,
    dtype: Dtype = "auto",
    model_path: PathLike | None = None,
    trust_remote_code: bool = False,
    registry: PathLike = REGISTRY,
    listener: FinishedListener | None = None,
) -> Exported:
    """Write a model of a registry to a folder that inference servers load, with `model.json`: what it is, how it was measured, and why it
    may answer.

    The folder holds the whole model as safetensors, and as a GGUF file where llama.cpp's converter is installed. A strategy that trains
    nothing gives its base model with its prompt.

    Args:
        out: a new or empty folder.
        stage: whose model is exported.
        model: the digest of the model, or the beginning of it, where several are in this stage.
        adapter: write the adapter and the place of its base model, instead of a merged model.
        gguf: True: fail without a GGUF file; False: write none; None: write one if that is possible.
        dtype: number format of a whole model; "auto" is the one that its run computed in.
        model_path: folder of the base model, if it cannot be found by its name.
        trust_remote_code: allow Python code that comes with the model.
        listener: receives progress.

    Raises:
        BenchError: no such model, or several; a file of it is missing or was changed; a folder that is not empty; a model that cannot be
            exported in this way.
    """
    from harness.engine.artifacts import check_target, find_converter

    check_stage(stage)
    if adapter and (gguf or dtype != "auto"):
        option = setting("gguf") if gguf else setting("dtype", dtype)
        raise BenchError(f"{option} needs a whole model. Leave out {setting('adapter')}.")
    target = Path(out)
    check_target(target, force=False)
    converter = find_converter(setting("gguf")) if gguf else None
    registered = find_registered(task, stage, model, registry)
    finished = load_registered(registered, registry)
    if listener is not None:
        listener.chosen(finished)
    if gguf and finished.shape != "decoder":
        raise BenchError(f"{setting('gguf')} is for decoders, but the model is an {finished.shape}. Leave it out.")
    if adapter:
        return write_adapter(registered, finished, target, model_path=model_path, trust_remote_code=trust_remote_code)
    if gguf is None and finished.shape == "decoder":
        converter = _find_converter()
    return write_whole_model(
        registered,
        finished,
        target,
        converter=converter,
        gguf="optional" if gguf is None else "required",
        dtype=dtype,
        model_path=model_path,
        trust_remote_code=trust_remote_code,
    )


def find_registered(task: str, stage: Stage, digest: str | None, registry: PathLike, *, parameter: str = "model") -> StagedModel:
    """The model of a task that is in a stage.

    Args:
        digest: which one, or the beginning of its digest.
        parameter: what the caller's parameter for the digest is called, for messages.

    Raises:
        BenchError: there is none, or several.
    """
    models = [each for each in list_models(task, registry=registry) if each.stage == stage]
    fitting = [each for each in models if digest is None or each.event.digest.startswith(digest.lower())]
    if len(fitting) == 1:
        return with_promotion(fitting[0], task, registry)
    names = ", ".join(f"{each.event.digest[:12]} ({each.event.strategy} of {each.event.run})" for each in models)
    if not models:
        way = (
            "`bench promote` puts one into service"
            if stage == "champion"
            else f"`bench registry stage {task} MODEL {stage}` puts one there"
        )
        raise BenchError(f"{registry}: no model of '{task}' is in stage {stage}. {way}.")
    if not fitting:
        raise BenchError(f"{setting(parameter, str(digest))}: no model of '{task}' in stage {stage} has this digest. There: {names}.")
    raise BenchError(f"several models of '{task}' are in stage {stage}: {names}. Name one with {setting(parameter, 'DIGEST')}.")


def with_promotion(model: StagedModel, task: str, registry: PathLike) -> StagedModel:
    """The champion with the event that promoted it: after a rollback its last event does not tell whether that was by force."""
    current = Registry(Path(registry)).current(task) if model.stage == "champion" else None
    return model if current is None else replace(model, event=current)


def load_registered(model: StagedModel, registry: PathLike) -> FinishedCell:
    """The cell of a model, after its files were checked.

    Raises:
        BenchError: a file is missing or was changed; the model is external outputs, or shows examples in its prompt.
    """
    result = Registry(Path(registry)).load(model.event)
    if result.hosted:
        raise BenchError(
            f"'{model.event.strategy}' is a hosted model: the registry holds its prompt and its address, and has no weights to "
            "export. Call the host with that prompt"
        )
    if result.external:
        raise BenchError(f"'{model.event.strategy}' are external outputs: the registry has no model to export")
    finished = FinishedCell(result.run, result.cell)
    if finished.strategy.shots:
        raise BenchError(
            f"the prompt of '{finished.strategy.name}' shows examples of the training data, which an export does not contain. "
            "`bench predict` answers with it."
        )
    return finished


def write_whole_model(
    model: StagedModel,
    finished: FinishedCell,
    target: Path,
    *,
    model_path: PathLike | None,
    trust_remote_code: bool,
    converter: str | None = None,
    gguf: GgufUse = "required",
    dtype: Dtype = "auto",
) -> Exported:
    """Write a whole model, with a GGUF file where a converter is given.

    Raises:
        BenchError: its base model cannot be found, or its adapter cannot be merged.
    """
    from harness.engine.artifacts import device_for, export_model, find_base

    return export_model(
        finished,
        find_base(finished, _text(model_path), with_code=trust_remote_code),
        device_for(finished.run),
        target,
        dtype=dtype,
        converter=converter,
        gguf=gguf,
        trust_remote_code=trust_remote_code,
        complete=_completion(model, finished),
    )


def _find_converter() -> str | None:
    from harness.engine.artifacts import find_converter

    try:
        return find_converter(setting("gguf"))
    except BenchError:
        return None


def write_adapter(
    model: StagedModel,
    finished: FinishedCell,
    target: Path,
    *,
    model_path: PathLike | None,
    trust_remote_code: bool,
    includes_base: bool = False,
) -> Exported:
    """Write an adapter, with its base model if that is not on the Hub.

    Args:
        includes_base: write such a base model of any size, so that the folder can be loaded anywhere.

    Raises:
        BenchError: the model has no adapter; its base model cannot be found.
    """
    from harness.engine.artifacts import export_adapter, find_base, needs_base

    if not finished.strategy.has_adapter:
        raise BenchError(f"{setting('adapter')}: '{finished.strategy.name}' trains no adapter. Leave it out.")
    is_needed = needs_base(finished, None)
    source = find_base(finished, _text(model_path), with_code=trust_remote_code) if is_needed else None
    return export_adapter(
        finished,
        target,
        source,
        with_base=True if includes_base and is_needed else None,
        trust_remote_code=trust_remote_code,
        complete=_completion(model, finished),
    )


def _completion(model: StagedModel, finished: FinishedCell) -> Completion:
    def add_model_file(folder: Path, prompt: PromptParts) -> None:
        write_json(folder / MODEL_FILE, model_to_json(model, finished, asdict(prompt), folder))

    return add_model_file


def _text(path: PathLike | None) -> str | None:
    return None if path is None else os.fspath(path)
