"""The identity of a model: a hash over its weights, configuration and tokenizer, independent of the folder they are in."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from harness.store import write_text

# Files that can change an output. A README or a license cannot.
_PATTERNS = ("*.safetensors", "*.safetensors.index.json", "config.json", "generation_config.json", "tokenizer*", "*.model", "vocab*",
             "merges.txt", "special_tokens_map.json", "added_tokens.json", "chat_template*", "*.py")  # fmt: skip
_SMALL_FILE = 1 << 20  # bytes; larger files are hashed once


def folder_digest(folder: Path, cache: Path) -> str:
    """sha256 over names and contents of the files that matter, in hex.

    Large files are hashed once: the cache stores a file's hash by path, size and modification time. If the cache folder cannot be written,
    they are hashed each time.
    """
    files = sorted({file for pattern in _PATTERNS for file in folder.glob(pattern) if file.is_file()})
    return digest_of(f"{file.name}:{_file_hash(file, cache)}" for file in files)


def shipped_model_digest(folder: Path) -> str:
    """sha256 over the files that decide what the shipped model answers, in hex; the file `digest` beside them has the expected value."""
    total = hashlib.sha256()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        total.update(name.encode() + b"\0" + hashlib.sha256((folder / name).read_bytes()).digest())
    return total.hexdigest()


def digest_of(parts: Iterable[str]) -> str:
    """sha256 over several lines, in hex."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _file_hash(file: Path, cache: Path) -> str:
    stat = file.stat()
    if stat.st_size < _SMALL_FILE:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    key = digest_of([str(file.resolve()), str(stat.st_size), str(stat.st_mtime_ns)])
    stored = cache / "digests" / f"{key}.json"
    if stored.is_file():
        return str(json.loads(stored.read_text())["sha256"])
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    with contextlib.suppress(OSError):
        stored.parent.mkdir(parents=True, exist_ok=True)
        write_text(stored, json.dumps({"sha256": digest}))
    return digest
