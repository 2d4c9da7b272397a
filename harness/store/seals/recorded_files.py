"""The files of a folder whose digests are recorded, and the paths under which they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.errors import BenchError
from harness.store.atomic import PARTIAL_FILES
from harness.store.foreign_paths import resolve_inside

RESTORE = "Restore it from a backup, or repeat the run: the same command repeats damaged cells and keeps the others"
"""What to do about a damaged file of a run."""


def require_inside(folder: Path, files: Mapping[str, str]) -> dict[str, str]:
    """Digests by path, which may have been written by a stranger: each path must stay in the folder.

    Raises:
        BenchError: one does not, or passes through a link.
    """
    if not isinstance(files, Mapping) or not all(isinstance(digest, str) for digest in files.values()):
        raise BenchError(f"{folder}: is damaged: the digests of its files must be an object of texts")
    for name in files:
        resolve_inside(folder, name)
    return dict(files)


def walk_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files below a folder, by their path in it; without those that are being written."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.match(PARTIAL_FILES):
            yield path.relative_to(folder).as_posix(), path
