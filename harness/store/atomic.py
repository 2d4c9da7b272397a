"""Files that are there whole or not at all, also when the power goes."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PARTS = ".*.part"  # what is being written, or was when its process was killed


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a file beside `path`, flush it to disk, and rename it over `path`."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(beside)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    if os.name == "posix":  # the rename itself must survive, too
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_text(path: Path, text: str) -> None:
    """`text` as UTF-8; a lone surrogate, which UTF-8 cannot hold, becomes a question mark."""

    def write(beside: Path) -> None:
        beside.write_bytes(text.encode("utf-8", "replace"))

    write_atomically(path, write)


def plain(value: Any) -> Any:
    """The value in JSON's own types: tuples as lists, tuples as keys with slashes between, and a number that is none as null."""
    if isinstance(value, Mapping):
        return {" / ".join(key) if isinstance(key, tuple) else key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_json(path: Path, value: Any) -> None:
    """Indented JSON. NaN and infinities are refused: they are not JSON and no score of ours."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
