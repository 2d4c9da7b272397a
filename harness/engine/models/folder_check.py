"""What a model folder contains, from the names of its files and the headers of its weights, without loading a library."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.types import Shape

_LONGEST_HEADER = 100_000_000  # bytes; safetensors itself sets this limit
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
# Families whose checkpoints do not say that they are encoders ("BertModel").
_ENCODERS = ("albert", "bert", "camembert", "deberta", "deberta-v2", "distilbert", "electra", "modernbert", "mpnet", "roberta",
             "xlm-roberta")  # fmt: skip


def folder_problem(folder: Path) -> str:
    """Why a folder cannot be used as a model; empty if it can."""
    weights = sorted(folder.glob("*.safetensors"))
    if not (folder / "config.json").is_file():
        return "it has no config.json"
    if not weights:
        pickles = sorted(file.name for pattern in PICKLES for file in folder.glob(pattern))
        return f"its weights are pickles ({pickles[0]}), which can run code when opened" if pickles else "it has no weights"
    missing = sorted(name for name in _shards(folder) if not (folder / name).is_file())
    if missing:
        return f"{missing[0]} is missing" + (f", and {len(missing) - 1} more of its weight files" if len(missing) > 1 else "")
    if not has_tokenizer(folder):
        return "it has no tokenizer"
    broken = [file.name for file in weights if _header(file) is None]
    return f"{broken[0]} contains no weights (a broken download, or a Git LFS pointer)" if broken else ""


def has_tokenizer(folder: Path) -> bool:
    """Whether the folder has the files of a tokenizer."""
    return any(True for pattern in ("tokenizer*", "*.model", "vocab*") for _ in folder.glob(pattern))


def parameters_of(folder: Path) -> int | None:
    """The number of weights, from the headers of the safetensors files; None if they are packed or cannot be read."""
    total = 0
    for file in folder.glob("*.safetensors"):
        header = _header(file)
        if header is None:
            return None
        for name, tensor in header.items():
            if name == "__metadata__" or tensor.get("dtype") in ("I64", "BOOL"):  # positions and masks are not weights
                continue
            if tensor.get("dtype") not in ("F64", "F32", "F16", "BF16"):
                return None
            total += math.prod(tensor["shape"])
    return total or None


def shape_in(folder: Path) -> Shape | None:
    """The shape of the model by its config.json; None if the file does not tell."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(config, dict):
        return None
    saved_as = [str(name) for name in config.get("architectures") or ()]
    if config.get("is_encoder_decoder") or any(name.endswith("ForConditionalGeneration") for name in saved_as):
        return "encoder-decoder"
    if any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in saved_as):
        return "decoder"
    if config.get("model_type") in _ENCODERS or any(name.endswith(("ForMaskedLM", "ForSequenceClassification")) for name in saved_as):
        return "encoder"
    return None


def size_of(folder: Path) -> int:
    """The size of all files in a folder, in bytes."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _shards(folder: Path) -> Iterator[str]:
    """The weight files that the index of a sharded model names."""
    for index in folder.glob("*.safetensors.index.json"):
        try:
            yield from set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, LookupError, TypeError, AttributeError):
            yield index.name + " (broken)"


def _header(file: Path) -> dict[str, Any] | None:
    """The header of a safetensors file: 8 bytes with its length, then JSON. None if the file has none."""
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length)) if length <= _LONGEST_HEADER else None
    except (OSError, ValueError, struct.error):
        return None
    return header if isinstance(header, dict) and all(isinstance(t, dict) for t in header.values()) else None
