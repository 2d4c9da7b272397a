"""From a task's data section to tables, by split; under `file` if they are still to be split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from harness.data.formats import DatasetSplits, find_files, load_hub_dataset, open_data, open_table
from harness.data.mapping import MISSING, Columns, get_nested, resolve_fields
from harness.data.records import SPLIT_NAMES, Record, Table, join_names
from harness.errors import BenchError
from harness.types import FilesSpec, Paths, Task

_SCANNED_ROWS = 200  # of a test split, to find out whether it has targets


@dataclass(frozen=True)
class TaskTables:
    """The tables of a task.

    Attributes:
        tables: by split, or under `file` if they are still to be split.
        dataset_origin: where a dataset with its own splits comes from, for the data report.
        warnings: lines for the data report.
    """

    tables: Mapping[str, Sequence[Table]]
    dataset_origin: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()

    @property
    def in_order(self) -> list[Table]:
        """All tables in the order of their splits."""
        return [table for tables in self.tables.values() for table in tables]

    @property
    def splits_in_order(self) -> list[str]:
        """The split of each table."""
        return [split for split, tables in self.tables.items() for _ in tables]

    def file_names(self, split: str) -> str:
        """The files of a split, as messages name them."""
        return join_names(table.name for table in self.tables[split])

    def origin(self, sha256: Sequence[str]) -> dict[str, str]:
        """Names and digests by split, for the data report.

        Args:
            sha256: digests in the order of `in_order`.
        """
        if "hub" in self.dataset_origin:
            return dict(self.dataset_origin)
        digests = iter(sha256)
        names = {split: ", ".join(table.name for table in tables) for split, tables in self.tables.items()}
        hashes = {f"{split} sha256": ", ".join(next(digests) for _ in tables) for split, tables in self.tables.items()}
        return {**self.dataset_origin, **names, **hashes}


def open_tables(task: Task, folder: Path) -> TaskTables:
    """Open the files or the dataset of a task.

    Args:
        folder: what relative paths are relative to.

    Raises:
        BenchError: as `open_data` and `load_hub_dataset`, and for a dataset whose splits cannot be used.
    """
    spec = task.data
    if spec.hub is not None:
        return _assign_dataset(task, load_hub_dataset(spec.hub, spec.revision, spec.subset), spec.hub)
    if isinstance(spec.path, FilesSpec):
        by_split = {"train": spec.path.train, "validation": spec.path.validation, "test": spec.path.test}
        return TaskTables({split: _open_all(paths, folder) for split, paths in by_split.items() if paths is not None})
    assert spec.path is not None
    files = find_files(spec.path, folder)
    if len(files) > 1 or not isinstance(spec.path, str):
        return TaskTables({"file": [open_table(file) for file in files]})
    data = open_data(files[0], spec.subset)
    return TaskTables({"file": [data]}) if isinstance(data, Table) else _assign_dataset(task, data, files[0].name)


def _open_all(paths: Paths, folder: Path) -> list[Table]:
    return [open_table(file) for file in find_files(paths, folder)]


def _assign_dataset(task: Task, dataset: DatasetSplits, name: str) -> TaskTables:
    splits, warnings = _assign_splits(dataset, name)
    if {"validation", "test"} <= splits.keys() and _lacks_targets(task, splits["test"]):
        unlabeled, splits["test"] = splits["test"], splits.pop("validation")
        warnings.append(f"{unlabeled.name} has no targets: {splits['test'].name} is the test set, and 10% of train is used as validation")
    return TaskTables({split: [table] for split, table in splits.items()}, dataset.origin, warnings)


def _assign_splits(dataset: DatasetSplits, name: str) -> tuple[dict[str, Table], list[str]]:
    """The splits of a dataset under the names train, validation and test, and warnings. A single split, whatever its name, is still to be
    split and comes under `file`. Without a test split, validation takes its place.

    Raises:
        BenchError: there are several splits, but none for training or none for testing.
    """
    if len(dataset.splits) == 1:
        return {"file": next(iter(dataset.splits.values()))}, []
    by_folded_name = {split.casefold(): split for split in reversed(list(dataset.splits))}
    matches = {role: [by_folded_name[name] for name in names if name in by_folded_name] for role, names in SPLIT_NAMES.items()}
    assigned: dict[str, str] = {role: splits[0] for role, splits in matches.items() if splits}
    unused = [split for split in dataset.splits if split not in assigned.values()]
    warnings = [f"{name}: unused splits: {join_names(unused)}"] if unused else []
    if "test" not in assigned and "validation" in assigned:
        assigned["test"] = assigned.pop("validation")
        warnings.append(f"{name} has no split 'test': '{assigned['test']}' is the test set, and 10% of train is used as validation")
    if not {"train", "test"} <= assigned.keys():
        raise BenchError(
            f"{name}: the splits are {join_names(dataset.splits)}. There must be one called train and one called test or validation; "
            "or only one split, which is then divided"
        )
    return {role: dataset.splits[split] for role, split in assigned.items()}, warnings


def _lacks_targets(task: Task, table: Table) -> bool:
    """Whether a test split was published without its targets, as for a competition."""
    if task.no_answer is not None and not task.chooses:
        return False
    columns = Columns()
    records = [item.values for item in islice(table.rows(), _SCANNED_ROWS) if isinstance(item, Record)]
    for values in records:
        columns.add(values)
    try:
        target = resolve_fields(task.data.fields, columns, table.name, task.kind).target
    except BenchError:
        return False  # raised again when the rows are read
    return target is not None and all(get_nested(values, target) in (None, "", [], MISSING) for values in records)
