"""The verdicts that a run's models were given: a file each, never changed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.store.json_files import read_json, write_json


def add_verdict(run: Path, verdict: Mapping[str, Any]) -> Path:
    """Put a verdict on record beside its run.

    Raises:
        OSError: the folder cannot be written.
        BenchError: there are too many.
    """
    folder = run / "gates"
    folder.mkdir(exist_ok=True)
    stem = re.sub(r"[^0-9T]", "", str(verdict["at"])[:19])
    for number in range(1, 10_000):
        path = folder / f"{stem}-{number:04d}.json"
        try:
            _write_new(path, verdict)
        except FileExistsError:  # another gate ended in the same second
            continue
        return path
    raise BenchError(f"{folder}: holds too many verdicts of the same second")


def _write_new(path: Path, verdict: Mapping[str, Any]) -> None:
    """A file that is there whole or not at all, and is nobody else's: a link, unlike a rename, never replaces one."""
    beside = path.with_name(f".{os.getpid()}.whole")
    try:
        write_json(beside, verdict)
        os.link(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def verdict_files(run: Path) -> dict[Path, dict[str, Any]]:
    """The verdicts on record by their files, the oldest first.

    Raises:
        BenchError: a file is damaged.
    """
    return {file: value for file in sorted((run / "gates").glob("*.json")) if isinstance(value := read_json(file), dict)}
