"""The data card of a task."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.arguments import PathLike
from harness.api.catalogs import open_catalog
from harness.api.data_checks import check_data
from harness.data import list_task_files
from harness.data.privacy import read_marks
from harness.errors import BenchError, setting
from harness.reporting import DataCard, DataFile, KindRecall, build_recall, render_data_card, to_croissant
from harness.store import write_text
from harness.types import Task

if TYPE_CHECKING:
    from harness.catalog import Entry
    from harness.data.checks import Progress

CARD_FILES = ("card.html", "croissant.json")


def write_data_card(
    task: PathLike, out: PathLike, *, progress: Progress = lambda name, share: None, tasks_dirs: Sequence[PathLike] = ()
) -> DataCard:
    """Check the data of a task, and write its card: `card.html` for people, and `croissant.json` for programs.

    The card has what the task declares under `data.about`, how the rows are split, the digests of the files, and what a check found. It
    holds no text of a row.

    Args:
        task: a name or a YAML file.
        out: the folder of the card; it may exist.
        progress: as for `check_data`.

    Raises:
        BenchError: as for `check_data`, or the folder cannot be written.
    """
    entry = open_catalog(tasks_dirs).task(str(task))
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise BenchError(f"{setting('out', str(folder))}: is a file. Name a folder for the card")
    checked = check_data(str(task), progress=progress, tasks_dirs=tasks_dirs)
    data = entry.value.data
    files = tuple(_list_files(entry))
    card = DataCard(
        name=entry.value.name,
        description=entry.value.description,
        version=str(entry.value.version),
        about=data.about,
        files=files,
        split=data.split,
        locked_test=data.locked_test,
        columns=checked.columns,
        check=checked,
        recall=_measure_recall(entry, files),
        made=datetime.now(UTC).date(),
    )
    contents = (render_data_card(card), json.dumps(to_croissant(card), indent=2, ensure_ascii=False) + "\n")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in zip(CARD_FILES, contents, strict=True):
            write_text(folder / name, content)
    except OSError as error:
        raise BenchError(f"{folder}: cannot be written: {error.strerror}") from None
    return card


def _list_files(entry: Entry[Task]) -> list[DataFile]:
    """The files of the data with their digests; none for data of the Hub or of a source."""
    return [_describe(split, file) for split, file in list_task_files(entry.value.data, entry.folder) if file.is_file()]


def _measure_recall(entry: Entry[Task], files: Sequence[DataFile]) -> tuple[int, tuple[KindRecall, ...]] | None:
    """The recall of anonymization from the marks that the task names; None where it names none.

    Raises:
        BenchError: the marks cannot be read, or belong to none of the files.
    """
    if not entry.value.data.about.marks:
        return None
    path = entry.folder / entry.value.data.about.marks
    marks = read_marks(path)
    if marks.sha256 not in {file.sha256 for file in files}:
        raise BenchError(f"{path}: has the marks of none of the data files, or the file was changed since it was anonymized")
    return marks.read, build_recall(marks)


def _describe(split: str, file: Path) -> DataFile:
    try:
        with file.open("rb") as content:
            return DataFile(file.name, split, file.stat().st_size, file_digest(content, "sha256").hexdigest())
    except OSError as error:
        raise BenchError(f"{file}: cannot be read: {error.strerror}") from None
