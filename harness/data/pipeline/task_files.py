"""The files that a task names, by split."""

from __future__ import annotations

from pathlib import Path

from harness.data.formats import find_files
from harness.types import DataSpec, FilesSpec


def list_task_files(data: DataSpec, folder: Path) -> list[tuple[str, Path]]:
    """Each file with its split, in the order train, validation, test; "file" where bench splits the rows. None for the Hub and for sources.

    Args:
        folder: what relative names are relative to.

    Raises:
        BenchError: a pattern matches no file, or a list of files cannot be used. Files need not exist.
    """
    if data.path is None:
        return []
    if not isinstance(data.path, FilesSpec):
        return [("file", file) for file in find_files(data.path, folder)]
    splits = {"train": data.path.train, "validation": data.path.validation, "test": data.path.test}
    return [(split, file) for split, names in splits.items() if names is not None for file in find_files(names, folder)]
