"""All rows of a task by split, before anything is removed: what a check of the data looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.data.pipeline.file_rows import RowPlace
from harness.data.pipeline.raw_splits import SPLITS, read_files, read_source
from harness.data.records import BadRow, Table
from harness.types import Example, SplitName, Task


@dataclass(frozen=True)
class TaskRows:
    """The usable rows of a task, in which copies are still there.

    Attributes:
        examples: by split, with their ids.
        places: by split, where each example was read; the tables are numbered as in `tables`. Empty for a source.
        bad_rows: the first rows that cannot be used, and `bad_count` all of them.
        empty_rows: the unusable rows that lack what they need, such as a target.
        is_split: whether the data has its own splits.
        origin: files with their digests, or the source with its version.
        warnings: what reading the files found.
    """

    examples: Mapping[SplitName, Sequence[Example]]
    places: Mapping[SplitName, Sequence[RowPlace]]
    tables: Sequence[Table]
    bad_rows: Sequence[BadRow]
    bad_count: int
    empty_rows: Sequence[RowPlace]
    is_split: bool
    origin: Mapping[str, str]
    warnings: Sequence[str]

    def locate(self, place: RowPlace) -> str:
        """File and line of a row, as messages name them."""
        return self.tables[place.file].location(place.line)


def read_task_rows(task: Task, folder: Path) -> TaskRows:
    """Read the rows of a task and split them as a run would. Nothing is removed, and rows that cannot be used are listed.

    Args:
        folder: what relative paths in `task.data` are relative to.

    Raises:
        BenchError: a defect of the files or of the mapping of columns, no usable row, or too few rows for a split.
    """
    import numpy as np

    if task.data.source is not None:
        raw = read_source(task)
    else:
        lenient = task.model_copy(update={"data": task.data.model_copy(update={"skip_bad_rows": True})})
        raw = read_files(lenient, folder, is_sampled=False, whole_as_test=False)
    examples: dict[SplitName, Sequence[Example]] = {}
    places: dict[SplitName, Sequence[RowPlace]] = {}
    taken = raw.take_examples(np.concatenate([raw.parts[split] for split in SPLITS]))
    for split in SPLITS:
        rows = raw.parts[split].tolist()
        examples[split] = tuple(replace(next(taken), id=raw.ids[row]) for row in rows)
        places[split] = [RowPlace(raw.index.files[row], raw.index.lines[row]) for row in rows] if raw.tables else []
    return TaskRows(
        examples,
        places,
        raw.tables,
        raw.bad_rows,
        raw.skipped_rows,
        raw.empty_rows,
        raw.is_given,
        raw.origin,
        raw.warnings,
    )
