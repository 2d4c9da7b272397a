"""`model.json` of an exported model: what a server must know to answer as the model was measured, and why the model may answer.

It holds no example: no input, no reference and no output.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.gate import StagedModel
from harness.reporting.formats.decision_record import summarize_verdict
from harness.results import FinishedCell
from harness.store import hash_file, to_jsonable

MODEL_FILE = "model.json"
_FORMAT = 1


def model_to_json(model: StagedModel, finished: FinishedCell, prompt: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The content of the file, as plain JSON values.

    Args:
        model: the model in its registry. Its event tells whether a person decided against the verdict.
        finished: its cell.
        prompt: what `prompt.json` holds.
        folder: the export, complete but for this file.
    """
    event, since = model.event, model.since
    verdict = summarize_verdict(event.verdict) if event.verdict else None
    values: dict[str, Any] = to_jsonable(
        {
            "bench_model": _FORMAT,
            "task": {"name": finished.task.name, "kind": finished.task.kind, "version": finished.task.version},
            "digest": event.digest,
            "run": event.run,
            "strategy": event.strategy,
            "seed": finished.cell.seed,
            "training_examples": finished.cell.train_size,
            "stage": {
                "name": model.stage,
                "share": model.share,
                "since": since.at,
                "by": since.user,
                "action": since.action,
                "reason": since.reason,
            },
            "forced": event.is_forced,
            "policy": event.verdict.get("policy"),
            "policy_digest": event.policy_digest,
            "verdict": verdict,
            "approvals": [] if verdict is None else verdict["approvals"],
            "base": _describe_base(finished, folder),
            "adapter": _describe_adapter(finished, folder),
            "weights": _describe_weights(finished, folder),
            "prompt": {name: prompt[name] for name in ("template", "inputs", "choices", "chat")},
            "chat_template": _read_chat_template(folder) if prompt["chat"] else None,
            "decoding": _describe_decoding(finished, prompt),
            "files": {
                file.relative_to(folder).as_posix(): hash_file(file, fresh=True) for file in sorted(folder.rglob("*")) if file.is_file()
            },
        }
    )
    return values


def _describe_base(finished: FinishedCell, folder: Path) -> dict[str, Any]:
    """The base model; `folder` is where it is in an export of an adapter, None where it comes from the Hub or is part of the weights."""
    model = finished.run.plan.models[finished.cell.model]
    on_hub = model.revision is not None
    return {
        "name": model.name,
        "origin": model.origin,
        "hub": model.origin if on_hub else None,
        "revision": model.revision,
        "sha256": model.digest,
        "shape": model.shape,
        "folder": "base" if (folder / "base").is_dir() else None,
    }


def _describe_adapter(finished: FinishedCell, folder: Path) -> dict[str, Any] | None:
    """What was trained on top of the base model; None where the whole model was trained, or nothing.

    `merged` tells whether it is part of the weights already.
    """
    strategy = finished.strategy
    if not strategy.has_adapter:
        return None
    quantization = strategy.quantization
    return {
        "merged": not (folder / "adapter_config.json").is_file(),
        "settings": dict(strategy.adapter),
        "quantization": None if quantization is None else quantization.model_dump(mode="json"),
    }


def _describe_weights(finished: FinishedCell, folder: Path) -> dict[str, Any]:
    """`dtype` is that of the stored weights; of an adapter, the one that its run computed in."""
    is_whole = (folder / "config.json").is_file() and not (folder / "adapter_config.json").is_file()
    run_dtype = finished.run.results[finished.cell.id].provenance.get("dtype") or str(finished.run.plan.options["dtype"])
    config = json.loads((folder / "config.json").read_text(encoding="utf-8")) if is_whole else {}
    return {
        "kind": "whole model" if is_whole else "adapter",
        "dtype": config.get("dtype") or run_dtype,
        "gguf": next((file.name for file in folder.glob("*.gguf")), None),
    }


def _describe_decoding(finished: FinishedCell, prompt: Mapping[str, Any]) -> dict[str, Any]:
    """How outputs were made: "most likely label" compares the labels in `prompt.json`; "greedy" writes a text; "classifier" has a head."""
    task = finished.task
    method = "classifier" if finished.shape == "encoder" else "most likely label" if task.chooses else "greedy"
    writes = method == "greedy"
    return {
        "method": method,
        "max_new_tokens": task.decode.max_new_tokens if writes else None,
        "stop": list(task.decode.stop) if writes else [],
        "stop_token_ids": prompt["stop_ids"],
        "max_length": task.max_length,
    }


def _read_chat_template(folder: Path) -> str | None:
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    template = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8")).get("chat_template")
    return template if isinstance(template, str) else None
