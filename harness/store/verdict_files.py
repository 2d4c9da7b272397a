"""The gate's verdicts on the models of a run: one file each, never changed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.store.json_files import read_json, write_json


def add_verdict(run: Path, verdict: Mapping[str, Any]) -> Path:
    """Store a verdict in the folder of its run.

    Returns:
        The new file.

    Raises:
        OSError: the folder cannot be written.
        BenchError: there are too many verdicts of the same second.
    """
    folder = run / "gates"
    folder.mkdir(exist_ok=True)
    stem = re.sub(r"[^0-9T]", "", str(verdict["at"])[:19])
    for number in range(1, 10_000):
        path = folder / f"{stem}-{number:04d}.json"
        try:
            _write_new(path, verdict)
        except FileExistsError:  # another gate finished in the same second
            continue
        return path
    raise BenchError(f"{folder}: holds too many verdicts of the same second")


def read_verdicts(run: Path) -> dict[Path, dict[str, Any]]:
    """The stored verdicts by file, oldest first.

    Raises:
        BenchError: a file is damaged.
    """
    return {file: value for file in sorted((run / "gates").glob("*.json")) if isinstance(value := read_json(file), dict)}


def _write_new(path: Path, verdict: Mapping[str, Any]) -> None:
    """Write a new file, completely or not at all. A hard link, unlike a rename, never replaces an existing file."""
    temporary = path.with_name(f".{os.getpid()}.whole")
    try:
        write_json(temporary, verdict)
        os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
