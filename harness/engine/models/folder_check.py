"""What a model folder contains, from the names of its files and the headers of its weights, without loading a library."""

from __future__ import annotations

import json
import math
import re
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.types import Shape

_WHOLE = "model.safetensors"
MAX_CONFIG_BYTES = 10_000_000
# The largest counts that a config.json may name; transformers builds so many modules or names before it looks at the weights.
_COUNTS = (
    (re.compile(r"(^|_)(n_)?(layers?|blocks?|groups?|group_num|depths?)($|_)"), 1_000),
    (re.compile(r"(^|_)(n_)?experts?($|_)"), 4_096),
    (re.compile(r"(^|_)(n_)?heads?($|_)"), 10_000),
    (re.compile(r"(^|_)labels($|_)"), 1_000_000),
)
_MAX_EXPERTS = 50_000  # in all layers together
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


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files that are loaded: model.safetensors, else those that its index names; without either, all that there are.

    A folder may hold more, such as the same weights in another layout (consolidated.safetensors). An adapter in the folder is loaded, too.
    """
    every = sorted(file for file in folder.glob("*.safetensors") if file.is_file())
    named = {_WHOLE} if (folder / _WHOLE).is_file() else set(_shards(folder, f"{_WHOLE}.index.json"))
    return [file for file in every if not named or file.name in named or file.name.startswith("adapter_")]


def find_special_file(folder: Path) -> str:
    """The name of a file that is a pipe, a socket or a device, which would never end; empty if there is none."""
    files = sorted(file for file in folder.iterdir() if file.exists() and not file.is_dir())
    special = [file.name for file in files if not stat.S_ISREG(file.stat().st_mode)]
    return special[0] if special else ""


def check_config(folder: Path) -> None:
    """Check the configuration of a model before a library builds what it describes.

    Raises:
        BenchError: it cannot be read, or describes more than any model has.
    """
    config = folder / "config.json"
    try:
        if config.stat().st_size > MAX_CONFIG_BYTES:
            raise BenchError(f"{config}: is larger than {MAX_CONFIG_BYTES // 10**6} MB, which no configuration is")
        problem = _find_config_problem(json.loads(config.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise BenchError(f"{config}: cannot be read: {error}") from None
    except RecursionError:
        raise BenchError(f"{config}: cannot be read: it is nested too deeply") from None
    if problem:
        raise BenchError(f"{config}: {problem}")


def _find_config_problem(config: object) -> str:
    """Why the content of a config.json cannot describe a model; empty if it can."""
    if not isinstance(config, dict):
        return "must be an object"
    pending: list[tuple[str, Any]] = [("", config)]
    largest = [1.0] * len(_COUNTS)
    while pending:
        name, value = pending.pop()
        if isinstance(value, dict):
            pending += [(str(key), item) for key, item in value.items()]
        elif isinstance(value, list):
            pending += [(name, item) for item in value if isinstance(item, dict)]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            for i, (pattern, limit) in enumerate(_COUNTS):
                if pattern.search(name):
                    if not -limit <= value <= limit:
                        return f"{name} is {value!r:.40}, and bench accepts up to {limit:,}"
                    largest[i] = max(largest[i], value)
    layers, experts = largest[:2]
    if experts > 1 and layers * experts > _MAX_EXPERTS:
        return f"describes {layers:g} layers with {experts:g} experts, and bench accepts up to {_MAX_EXPERTS:,} experts in all"
    return ""


def has_tokenizer(folder: Path) -> bool:
    """Whether the folder has the files of a tokenizer."""
    return any(True for pattern in ("tokenizer*", "*.model", "vocab*") for _ in folder.glob(pattern))


def parameters_of(folder: Path) -> int | None:
    """The number of weights, from the headers of the safetensors files; None if they are packed or cannot be read."""
    total = 0
    for file in weight_files(folder):
        header = _header(file)
        if header is None:
            return None
        for name, tensor in header.items():
            if name == "__metadata__" or tensor.get("dtype") in ("I64", "BOOL"):  # positions and masks are not weights
                continue
            if tensor.get("dtype") not in ("F64", "F32", "F16", "BF16"):
                return None
            sizes = tensor.get("shape")
            if not isinstance(sizes, list) or not all(isinstance(size, int) and 0 <= size < 2**48 for size in sizes):
                return None
            total += math.prod(sizes)
    return total or None


def read_tensor_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor in a safetensors file, by name, from its header.

    Raises:
        BenchError: it is no such file.
    """
    header = _header(file)
    if header is None:
        raise BenchError(f"{file}: contains no weights (a broken download, or a Git LFS pointer). Download it again.")
    shapes = {name: tensor.get("shape") for name, tensor in header.items() if name != "__metadata__"}
    if not all(isinstance(s, list) and all(isinstance(size, int) and 0 <= size < 2**48 for size in s) for s in shapes.values()):
        raise BenchError(f"{file}: is damaged: its header has no valid shapes. Download it again.")
    return {name: tuple(shape) for name, shape in shapes.items() if shape is not None}


def number_formats_of(folder: Path) -> frozenset[str]:
    """The formats of the stored floating-point numbers, as safetensors names them: F32, BF16, …; empty if no file can be read."""
    headers = [header for file in folder.glob("*.safetensors") if (header := _header(file)) is not None]
    formats = {tensor.get("dtype") for header in headers for name, tensor in header.items() if name != "__metadata__"}
    return frozenset(name for name in formats if isinstance(name, str) and name.startswith(("F", "BF")))


def shape_in(folder: Path) -> Shape | None:
    """The shape of the model by its config.json; None if the file does not tell."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(config, dict):
        return None
    architectures = config.get("architectures")
    saved_as = [str(name) for name in architectures] if isinstance(architectures, list) else []
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


def _shards(folder: Path, pattern: str = "*.safetensors.index.json") -> Iterator[str]:
    """The weight files that the index of a sharded model names."""
    for index in folder.glob(pattern):
        try:
            yield from set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            yield index.name + " (broken)"


def _header(file: Path) -> dict[str, Any] | None:
    """The header of a safetensors file: 8 bytes with its length, then JSON. None if the file has none."""
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length)) if length <= _LONGEST_HEADER else None
    except (OSError, ValueError, RecursionError, struct.error):
        return None
    return header if isinstance(header, dict) and all(isinstance(t, dict) for t in header.values()) else None
