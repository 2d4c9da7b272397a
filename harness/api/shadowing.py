"""Shadow mode: several models of a registry answer the same inputs, and their outputs are kept side by side."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.api.arguments import PathLike
from harness.api.exporting import FinishedListener
from harness.api.model_history import REGISTRY
from harness.api.model_stages import list_models
from harness.api.predicting import predict
from harness.errors import BenchError, setting
from harness.gate import Registry, Stage, StagedModel, check_stage
from harness.store import hash_file, make_private_folder, write_text

_REQUEST = "shadow.json"


@dataclass(frozen=True)
class ShadowAnswers:
    """The outputs of one model.

    Attributes:
        file: one row per input, as `predict` writes it.
        same: the rows with the output of the first model; None for the first one itself.
    """

    model: StagedModel
    name: str
    file: Path
    rows: int
    same: int | None


def shadow(
    task: str,
    data: PathLike,
    out: PathLike,
    *,
    stages: Sequence[Stage] = ("champion", "shadow"),
    force: bool = False,
    limit: int | None = None,
    lines: bool = False,
    fields: Mapping[str, str] | None = None,
    model_path: PathLike | None = None,
    trust_remote_code: bool = False,
    registry: PathLike = REGISTRY,
    listener: FinishedListener | None = None,
) -> tuple[ShadowAnswers, ...]:
    """Let every model in these stages answer the same inputs, one file of outputs for each: `champion.jsonl`,
    `shadow-STRATEGY.jsonl`.

    After an interruption, the same call answers what is left.

    Args:
        data: a file with the inputs; they need no target.
        out: a new folder, or that of the same call.
        stages: whose models answer.
        force: answer everything anew in a folder of another call.
        limit, lines, fields, model_path, trust_remote_code, listener: as for `predict`.

    Raises:
        BenchError: no model in one of the stages, or a damaged one; the folder holds something else; as `predict`.
    """
    folder, inputs = Path(out), Path(data)
    chosen = _choose_models(task, stages, registry)
    registered = Registry(Path(registry))
    runs = {model.event.digest: registered.load(model.event).run.path for model in chosen}  # each is checked before the first one answers
    if not inputs.is_file():
        raise BenchError(f"{setting('data', str(data))}: is not a file")
    models = _name_models(chosen)
    request = {
        "task": task,
        "data_sha256": hash_file(inputs),
        "limit": limit,
        "lines": lines,
        "fields": dict(fields or {}),
        "models": {name: model.event.digest for name, model in models},
    }
    _prepare(folder, json.dumps(request, indent=1, sort_keys=True) + "\n", force=force)
    outputs: list[list[str]] = []
    answers: list[ShadowAnswers] = []
    for name, model in models:
        file = folder / f"{name}.jsonl"
        if not file.is_file():
            predict(
                runs[model.event.digest],
                model.event.strategy,
                inputs,
                out=file,
                limit=limit,
                lines=lines,
                fields=fields,
                model_path=model_path,
                trust_remote_code=trust_remote_code,
                listener=listener,
            )
        outputs.append([str(json.loads(line)["output"]) for line in file.read_text(encoding="utf-8").splitlines()])
        same = sum(one == other for one, other in zip(outputs[0], outputs[-1], strict=True)) if answers else None
        answers.append(ShadowAnswers(model, name, file, len(outputs[-1]), same))
    return tuple(answers)


def _choose_models(task: str, stages: Sequence[Stage], registry: PathLike) -> list[StagedModel]:
    """The models in these stages, in the order of the stages.

    Raises:
        BenchError: a stage is unknown, or holds no model.
    """
    for stage in stages:
        check_stage(stage)
    models = list_models(task, registry=registry)
    chosen = []
    for stage in dict.fromkeys(stages):
        fitting = [model for model in models if model.stage == stage]
        if not fitting:
            put = "`bench promote`" if stage == "champion" else f"`bench registry stage {task} MODEL {stage}`"
            raise BenchError(f"{registry}: no model of '{task}' is in stage {stage}. {put} puts one there.")
        chosen += fitting
    return chosen


def _name_models(models: Sequence[StagedModel]) -> list[tuple[str, StagedModel]]:
    """Each model with its name in file names and reports: stage and strategy, with the digest where several share them."""
    names = [
        model.stage if model.stage == "champion" else f"{model.stage}-{re.sub(r'[^A-Za-z0-9._-]+', '-', model.event.strategy)}"
        for model in models
    ]
    return [
        (name if names.count(name) == 1 else f"{name}-{model.event.digest[:8]}", model) for name, model in zip(names, models, strict=True)
    ]


def _prepare(folder: Path, request: str, *, force: bool) -> None:
    """Create the folder with its request, or check that it is that of the same call.

    Raises:
        BenchError: it holds something else, and `force` is not set; it cannot be written.
    """
    note = folder / _REQUEST
    try:
        if note.is_file() and note.read_bytes() == request.encode():
            return
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            if not (force and note.is_file()):
                more = f", or replace the outputs with {setting('force')}" if note.is_file() else ""
                raise BenchError(f"{setting('out', str(folder))}: holds something else. Name a new folder{more}.")
            for file in (*folder.glob("*.jsonl"), *folder.glob("*.jsonl.partial")):
                file.unlink()
        make_private_folder(folder)
        write_text(note, request, private=True)
    except OSError as error:
        raise BenchError(f"{folder}: cannot be written: {error.strerror}") from None
