"""Locking the test set of a task: its digest goes into the task's file, and no run may change the set or train on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.api.arguments import PathLike
from harness.api.catalogs import open_catalog
from harness.catalog import set_data_field
from harness.data import digest_test_set, load_splits
from harness.errors import BenchError, setting
from harness.store import write_text
from harness.text import plural


@dataclass(frozen=True)
class LockedTestSet:
    """A locked test set: the task's file, the number of test examples, and the digest of their inputs and targets."""

    file: Path
    examples: int
    digest: str


def lock_test_set(task: PathLike, *, tasks_dirs: Sequence[PathLike] = (), force: bool = False) -> LockedTestSet:
    """Write the digest of a task's test set into the task's file. From then on, runs refuse another test set, and training on this one.

    Args:
        task: a YAML file, or the name of a task of yours.
        force: lock the present test set although another one is locked; results on the two cannot be compared.

    Raises:
        BenchError: the task is locked; its data is generated, cannot be read, or has test examples in given training data; or its file
            cannot be changed. The file is then as before.
    """
    entry = open_catalog(tasks_dirs).task(str(task))
    data = entry.value.data
    if data.source is not None:
        raise BenchError(f"{entry.display_name}: the source '{data.source}' generates its examples, so there is no test set to lock")
    if data.locked_test is not None and not force:
        raise BenchError(
            f"{entry.display_name}: data.locked_test: the test set is locked already. To lock the present one instead, use "
            f"{setting('force')}; results on the two cannot be compared"
        )
    unlocked = entry.value.model_copy(update={"data": data.model_copy(update={"locked_test": None})})
    test = load_splits(unlocked, folder=entry.folder).test
    digest = digest_test_set(test)
    locked = entry.value.model_copy(update={"data": data.model_copy(update={"locked_test": digest})})
    load_splits(locked, folder=entry.folder)  # would every run be refused, because training data repeats the test set?
    comment = f"{plural(len(test), 'test example')}, locked {datetime.now(UTC).date()}"
    edited = set_data_field(entry.file.read_bytes().decode("utf-8"), "locked_test", digest, comment)
    if edited is None:
        raise BenchError(f"{entry.display_name}: the file cannot be changed safely. Add this line to 'data': locked_test: {digest}")
    try:
        write_text(entry.file, edited)
    except OSError as error:
        raise BenchError(f"{entry.display_name}: cannot be written: {error.strerror}") from None
    return LockedTestSet(entry.file, len(test), digest)
