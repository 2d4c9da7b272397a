"""The identity of a model: a hash over its weights, configuration and tokenizer, independent of the folder they are in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from harness.engine.models.folder_check import weight_files
from harness.measure import usable_cores
from harness.store import hash_file, hash_in_background

# Files that can change an output, beside the weights. A README or a license cannot.
_PATTERNS = ("*.safetensors.index.json", "config.json", "generation_config.json", "tokenizer*", "*.model", "vocab*",
             "merges.txt", "special_tokens_map.json", "added_tokens.json", "chat_template*", "*.py")  # fmt: skip
_AT_ONCE = 8  # files of a model that are read at the same time, at most


def folder_digest(folder: Path) -> str:
    """sha256 over names and contents of the files that matter, in hex.

    Contents decide, not time stamps: `cp -p` and `rsync -t` give another file the same ones. On one core, 540 MB took 0.4 s, and 2 s while
    the machine was slow; once per process. A second copy of the weights in another layout, which some models come with, is not read.
    """
    files = model_files(folder)
    large = [file for file in reversed(files) if file.suffix == ".safetensors"]  # this thread begins at the other end
    hash_in_background(large, threads=min(usable_cores(), _AT_ONCE, len(large)) - 1)
    return digest_of(f"{file.name}:{hash_file(file)}" for file in files)


def model_files(folder: Path) -> list[Path]:
    """The files of a model that can change an output, in the order of their names."""
    others = {file for pattern in _PATTERNS for file in folder.glob(pattern) if file.is_file()}
    return sorted(others.union(weight_files(folder)))


def shipped_model_digest(folder: Path) -> str:
    """sha256 over the files that decide what the shipped model answers, in hex; the file `digest` beside them has the expected value."""
    total = hashlib.sha256()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        total.update(name.encode() + b"\0" + hashlib.sha256((folder / name).read_bytes()).digest())
    return total.hexdigest()


def digest_of(parts: Iterable[str]) -> str:
    """sha256 over several lines, in hex."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
