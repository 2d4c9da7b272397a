"""Where a run keeps the gate's verdicts on its models: gates/<time>-<number>.json, one file each, never changed, with its own digest."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TypeVar

from harness.errors import BenchError
from harness.store.atomic import make_private_folder, remove_abandoned
from harness.store.seals import read_sealed, write_sealed

T = TypeVar("T")


def add_verdict_file(run: Path, kind: type[T], verdict: T, *, at: str) -> Path:
    """Store a verdict of this type in the folder of its run.

    Args:
        at: when it was made, in ISO 8601.

    Returns:
        The new file, which `read_verdict_file` reads.

    Raises:
        OSError: the folder cannot be written.
        BenchError: there are too many verdicts of the same second.
    """
    folder = run / "gates"
    make_private_folder(folder)
    stem = re.sub(r"[^0-9T]", "", at[:19])
    for number in range(1, 10_000):
        path = folder / f"{stem}-{number:04d}.json"
        try:
            _write_new(path, kind, verdict)
        except FileExistsError:  # another gate finished in the same second
            continue
        return path
    raise BenchError(f"{folder}: holds too many verdicts of the same second")


def list_verdict_files(run: Path) -> list[Path]:
    """The stored verdicts, oldest first."""
    return sorted((run / "gates").glob("*.json"))


def read_verdict_file(file: Path, kind: type[T], *, advice: str) -> T:
    """Read a stored verdict.

    Raises:
        BenchError: it is missing, damaged, or in another file's place.
    """
    return read_sealed(file, kind, place=_place(file), advice=advice)


def _place(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def _write_new(path: Path, kind: type[T], verdict: T) -> None:
    """Write a new file, completely or not at all. A hard link, unlike a rename, never replaces an existing file."""
    for pattern in (".*.whole", ".*.part"):
        remove_abandoned(path.parent, pattern)
    temporary = path.with_name(f".{os.getpid()}.whole")
    try:
        write_sealed(temporary, kind, verdict, place=_place(path))
        os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
