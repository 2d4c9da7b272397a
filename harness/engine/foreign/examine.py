"""What a folder of another trainer holds: an adapter of PEFT, or a whole model. Nothing is loaded, and nothing in it is run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from harness.engine.foreign.adapter_config import ADAPTER_CONFIG, ADAPTER_WEIGHTS, read_adapter_config
from harness.engine.foreign.copied_files import digest_files, list_adapter_files, list_model_files
from harness.engine.models import resolve_model
from harness.errors import BenchError
from harness.types import ArtifactKind, Strategy

_CHECKPOINTS = "checkpoint-*"
_SHOWN = 3
_NOT_CONTINUED = ("ADALORA",)
_PICKLED_ADAPTER = "adapter_model.bin"
_TRAINER_STATES = ("optimizer.pt", "pytorch_model_fsdp_0", "global_step*", "*.distcp")  # of trainings that were not finished


def examine_artifact(strategy: Strategy) -> Strategy:
    """The strategy with what its folder holds: the kind, the digest and the size of the files, and the fields of an adapter.

    The same for the folder from which its training starts. A strategy without either is returned as it is.

    Raises:
        BenchError: the folder is missing, holds nothing that can be used, or holds something that is refused.
    """
    spec, field = (strategy.artifact, "artifact") if strategy.start_from is None else (strategy.start_from, "start_from")
    if spec is None:
        return strategy
    folder = Path(os.path.expanduser(spec.path))
    place = f"strategy '{strategy.name}': {spec.path}"
    kind, trained_on = _find_kind(folder, place), ""
    adapter: dict[str, Any] = {}
    if kind == "model" and field == "start_from":
        raise BenchError(f"{place}: start_from needs an adapter, and this is a whole model: name it as the base model instead")
    if kind == "model":
        if strategy.quantization is not None:
            raise BenchError(f"{place}: holds a whole model, which keeps the weights that it has: leave out 'quantization'")
        resolve_model(str(folder.absolute()))
        files = list_model_files(folder)
    else:
        adapter, trained_on = read_adapter_config(folder)
        if field == "start_from" and adapter["peft_type"] in _NOT_CONTINUED:
            raise BenchError(f"{place}: the training of {adapter['peft_type']} follows its own plan, and cannot continue from an adapter")
        files = list_adapter_files(folder)
    size = sum(file.stat().st_size for file in files)
    held = {"kind": kind, "sha256": digest_files(files), "bytes": size, "trained_on": trained_on}
    return Strategy.model_validate(strategy.model_dump() | {field: spec.model_dump() | held, "adapter": adapter})


def _find_kind(folder: Path, place: str) -> ArtifactKind:
    """
    Raises:
        BenchError: with the reason why the folder cannot be used, and what to name or to do instead.
    """
    if not os.path.isdir(folder):  # pathlib raises an error for names that are too long
        hint = " Download a model of the Hub into a folder first (`hf download`)." if not os.path.exists(folder) else ""
        raise BenchError(f"{place}: is not a folder. Name the folder that the trainer wrote.{hint}")
    has_config, has_adapter = (folder / "config.json").is_file(), (folder / ADAPTER_CONFIG).is_file()
    has_weights = any(not file.name.startswith("adapter_") for file in folder.glob("*.safetensors"))
    if has_adapter and has_weights:
        raise BenchError(f"{place}: holds an adapter and a whole model. Move one of the two into a folder of its own.")
    if has_adapter:
        if not (folder / ADAPTER_WEIGHTS).is_file():
            raise BenchError(f"{place}: has {ADAPTER_CONFIG}, but no {ADAPTER_WEIGHTS}.{_advise_on_weights(folder)}")
        return "adapter"
    if has_config and (has_weights or any(folder.glob("*.bin"))):
        return "model"
    raise BenchError(
        f"{place}: holds neither an adapter ({ADAPTER_CONFIG} and {ADAPTER_WEIGHTS}) nor a model (config.json and model.safetensors)."
        f"{_advise_on_place(folder)}"
    )


def _advise_on_weights(folder: Path) -> str:
    if (folder / _PICKLED_ADAPTER).is_file():
        return (
            f" {_PICKLED_ADAPTER} is a pickle, which can run code when opened and is never loaded. Where the adapter was trained, load it "
            "with PEFT and save it again: save_pretrained writes safetensors."
        )
    return ""


def _advise_on_place(folder: Path) -> str:
    """Where in the output of a trainer the weights may be."""
    inside = sorted(path.parent.name for path in folder.glob(f"*/{ADAPTER_CONFIG}")) or sorted(p.name for p in folder.glob(_CHECKPOINTS))
    if inside:
        more = ", …" if len(inside) > _SHOWN else ""
        return f" Name a folder inside it: {', '.join(inside[-_SHOWN:])}{more}."
    if any(True for pattern in _TRAINER_STATES for _ in folder.glob(pattern)):
        return " It holds the state of a training. Save the model where it was trained, with save_pretrained."
    return ""
