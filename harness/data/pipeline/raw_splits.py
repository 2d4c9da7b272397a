"""The rows of a task by split, from files or from a source, before any check."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.identity import RowIds, RowIndex
from harness.data.pipeline.file_rows import FileRows, RowPlace
from harness.data.pipeline.folding import check_folds
from harness.data.pipeline.sources import sources
from harness.data.pipeline.splitting import split_rows
from harness.data.pipeline.task_tables import TaskTables, open_tables
from harness.data.pipeline.time_splits import split_by_time
from harness.data.records import BadRow, Table
from harness.errors import BenchError, did_you_mean, setting
from harness.types import Example, RowLayout, SplitName, SplitSpec, Task

if TYPE_CHECKING:
    from harness.data.identity import RowNumbers

SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class RawSplits:
    """Rows by split.

    Attributes:
        take_examples: returns the examples of some rows, in their order; can be called only once.
        origin, skipped, skipped_rows, warnings: for the data report.
        needs_validation: whether no validation rows were given, so that some are to be split off training.
        is_given: whether the data has its own splits.
        bad_rows, empty_rows: the first rows that cannot be used, and where all rows are that lack what they need.
        tables: what the rows were read from; the index numbers them as its files. None for a source.
        layout: how the rows hold whole prompts, if they do.
    """

    index: RowIndex
    parts: Mapping[SplitName, RowNumbers]
    ids: RowIds
    take_examples: Callable[[RowNumbers], Iterator[Example]]
    origin: Mapping[str, str]
    warnings: Sequence[str]
    skipped: tuple[str, ...] = ()
    skipped_rows: int = 0
    needs_validation: bool = False
    is_given: bool = True
    bad_rows: Sequence[BadRow] = ()
    empty_rows: Sequence[RowPlace] = ()
    tables: Sequence[Table] = ()
    layout: RowLayout | None = None


def read_files(task: Task, folder: Path, *, is_sampled: bool, whole_as_test: bool) -> RawSplits:
    """Read the files of a task, and split them unless they are split already.

    Args:
        folder: what relative paths are relative to.
        is_sampled: whether only some of the rows will be needed.
        whole_as_test: a file without splits becomes the test set as a whole.

    Raises:
        BenchError: a defect of the files, the mapping of columns or the rows.
    """
    tables = open_tables(task, folder)
    spec, warnings = task.data.split, list(tables.warnings)
    if "file" not in tables.tables:
        ignored = [f"'split.{name}' ({value})" for name, value in (("column", spec.column), ("by", spec.by)) if value is not None]
        ignored += ["'split.near_duplicates'"] if spec.near_duplicates == "together" else []
        warnings += [f"{name} is ignored: the data has its own splits" for name in ignored]
        spec = SplitSpec(seed=spec.seed)
    column, time_column = spec.column, None if whole_as_test else spec.by
    file_rows = FileRows(
        task,
        tables.in_order,
        id_scopes=tables.splits_in_order,
        is_sampled=is_sampled,
        split_column=column,
        time_column=time_column,
        with_words=spec.near_duplicates == "together" and not whole_as_test,
    )
    if file_rows.bad_rows.count and not task.data.skip_bad_rows:
        raise file_rows.bad_rows.to_error()
    rows = _rows_by_split(file_rows, tables) if column is None else _rows_by_column(file_rows, column, tables.file_names("file"))
    _check_rows(task, file_rows, rows, tables)
    index = file_rows.index
    if "file" in rows:
        if whole_as_test:
            none = rows["file"][:0]
            parts: dict[SplitName, RowNumbers] = {"train": none, "validation": none, "test": rows["file"]}
        elif time_column is not None:
            parts, line = split_by_time(rows["file"], file_rows, time_column, spec, tables.file_names("file"))
            warnings.append(line)
        else:
            parts = split_rows(index, rows["file"], spec, tables.file_names("file"))
        ids = RowIds(index, [rows["file"]], tables.splits_in_order)
    else:
        parts = {split: rows.get(split, rows["train"][:0]) for split in SPLITS}
        ids = RowIds(index, [parts["test"], parts["validation"], parts["train"]], tables.splits_in_order)
    return RawSplits(
        index,
        parts,
        ids,
        file_rows.take_examples,
        tables.origin(file_rows.sha256),
        [*warnings, *ids.warnings],
        skipped=file_rows.bad_rows.report_lines(),
        skipped_rows=file_rows.bad_rows.count,
        needs_validation=not rows.keys() & {"file", "validation"},
        is_given="file" not in rows,
        bad_rows=file_rows.bad_rows.kept,
        empty_rows=file_rows.empty_rows,
        tables=tables.in_order,
        layout=file_rows.layout,
    )


def _rows_by_split(file_rows: FileRows, tables: TaskTables) -> dict[str, RowNumbers]:
    import numpy as np

    rows, start = {}, 0
    for split, files in tables.tables.items():
        rows[split] = np.concatenate([file_rows.rows_of_file(file) for file in range(start, start + len(files))])
        start += len(files)
    return rows


def _rows_by_column(file_rows: FileRows, column: str, file: str) -> dict[str, RowNumbers]:
    """The rows of each split that a column names; validation may be missing.

    Raises:
        BenchError: no usable row is for training, or none for testing.
    """
    import numpy as np

    of_row = np.array(file_rows.splits, dtype=str)
    rows = {split: np.flatnonzero(of_row == split) for split in SPLITS}
    sizes = ", ".join(f"{len(rows[split]):,} {split}" for split in SPLITS)
    if missing := [split for split in ("train", "test") if not len(rows[split])]:
        bad_rows = file_rows.bad_rows
        skipped = f"; {bad_rows.count:,} bad rows were skipped, the first: {bad_rows.kept[0]}" if bad_rows.count else ""
        raise BenchError(
            f"{file}: column '{column}': no usable row is for {' and none for '.join(missing)} (rows: {sizes}{skipped}). Add such rows, or "
            "replace the column by shares: split: {train: 0.8, validation: 0.1, test: 0.1}"
        )
    return {split: numbers for split, numbers in rows.items() if len(numbers)}


def _check_rows(task: Task, file_rows: FileRows, rows: Mapping[str, RowNumbers], tables: TaskTables) -> None:
    for split, numbers in rows.items():
        if not len(numbers):
            bad_rows = file_rows.bad_rows
            raise BenchError(
                f"{tables.file_names(split)}: no usable rows. All {bad_rows.count} bad rows were skipped; the first: {bad_rows.kept[0]}"
            )
        if task.data.fold_references_by is not None:
            check_folds(file_rows.index, numbers, task.data.fold_references_by, file_rows.location)


def read_source(task: Task) -> RawSplits:
    """Read the registered source that a task names.

    Raises:
        BenchError: the source is unknown, does not fit the task, or returns unusable examples.
    """
    import numpy as np

    spec, name = task.data, task.data.source or ""
    known = sources()
    if name not in known:
        raise BenchError(f"{task.name}: data.source: no source '{name}'.{did_you_mean(name, known)}")
    if spec.fields:
        raise BenchError(
            f"{task.name}: data.fields: the source '{name}' defines its own inputs and target. Remove 'fields', or read a file with "
            f"{setting('data', 'FILE')}"
        )
    version, rows = known[name](spec, task.kind)
    index = RowIndex(spec.split.seed, with_labels=task.chooses)
    numbers: dict[SplitName, list[int]] = {split: [] for split in SPLITS}
    examples: list[Example] = []
    for split, example in rows:
        _check_label(example, task, name)
        numbers[split].append(len(examples))
        examples.append(example)
        index.add(example)
    parts = {split: np.asarray(numbers[split], np.int64) for split in SPLITS}
    ids = RowIds(index, [parts["test"], parts["validation"], parts["train"]], [name])
    if ids.duplicate:
        raise BenchError(f"{task.name}: the source '{name}' uses the id '{ids.duplicate}' twice. Every example needs its own id")
    origin = {"source": name, "version": version, "size": str(spec.size), "seed": str(spec.seed)}
    warnings = [] if spec.split == SplitSpec() else [f"'split' is ignored: the source '{name}' has its own splits"]
    return RawSplits(index, parts, ids, lambda rows: (examples[row] for row in rows.tolist()), origin, warnings)


def _check_label(example: Example, task: Task, source: str) -> None:
    if task.chooses and len(example.targets) != 1:
        raise BenchError(
            f"{task.name}: the example '{example.id}' of the source '{source}' has {len(example.targets)} targets. "
            "With labels to choose from, each example must have exactly one"
        )
