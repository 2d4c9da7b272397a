"""A file whose examples are the locked test set of one task is not training data of another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.catalog import Entry
from harness.data import list_task_files
from harness.errors import BenchError
from harness.types import Task


def refuse_training_on_locked_tests(entries: Sequence[Entry[Task]], known: Iterable[Entry[Task]]) -> None:
    """Check that no task trains on a file with the locked test examples of another task, or on a copy of it.

    Args:
        entries: the tasks of the request, on its data.
        known: the tasks whose locks count, as their files declare them.

    Raises:
        BenchError: a task does. A task with the same lock may read the file, because its own lock holds.
    """
    locks = [(entry, entry.value.data.locked_test, _test_files(entry)) for entry in known if entry.value.data.locked_test is not None]
    for entry in entries if locks else ():
        for file in _training_files(entry):
            for owner, lock, tested in locks:
                if lock != entry.value.data.locked_test and any(_have_same_content(file, other) for other in tested):
                    raise BenchError(
                        f"{entry.value.name}: {file.name} holds the locked test set of the task '{owner.value.name}' "
                        f"({owner.display_name}), which is never used for training. Train on other data"
                    )


def _training_files(entry: Entry[Task]) -> list[Path]:
    """The files that a task trains on; a file that is split by bench is one of them."""
    return [file for split, file in _list_files(entry) if split != "test"]


def _test_files(entry: Entry[Task]) -> list[Path]:
    return [file for split, file in _list_files(entry) if split in ("file", "test")]


def _list_files(entry: Entry[Task]) -> list[tuple[str, Path]]:
    """The files that exist. Missing ones are reported where they are read."""
    try:
        return [(split, file) for split, file in list_task_files(entry.value.data, entry.folder) if file.is_file()]
    except BenchError:
        return []


def _have_same_content(one: Path, other: Path) -> bool:
    if one.samefile(other):
        return True
    return one.stat().st_size == other.stat().st_size and _sha256(one) == _sha256(other)


def _sha256(file: Path) -> bytes:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").digest()
