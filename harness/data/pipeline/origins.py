"""From what a task says about its data to tables, by the split that they are given for; under `file` where they are still to be split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from harness.data.formats import Record, Saved, Stream, given_splits, hub_data, listed, open_data, open_table
from harness.data.mapping import MISSING, Columns, reach, resolve_fields
from harness.errors import BenchError
from harness.types import FilesSpec, Task

_LOOKED_AT = 200  # rows of a test split, to see whether it has targets


@dataclass(frozen=True)
class Origin:
    """The tables of a task. `told` is what a report says of where they are from, beside their own names."""

    tables: Mapping[str, Sequence[Stream]]
    told: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()

    @property
    def every(self) -> list[Stream]:
        """All tables in the order of their splits."""
        return [table for tables in self.tables.values() for table in tables]

    @property
    def places(self) -> list[str]:
        """For each table what tells its ids from those of others: its split, with the file's name where a split has several files."""
        places = []
        for role, tables in self.tables.items():
            names = [table.name for table in tables]
            for number, name in enumerate(names, 1):
                own = name if names.count(name) == 1 else f"{name}#{number}"
                places.append(role if len(names) == 1 else own if role == "file" else f"{role}/{own}")
        return places

    def name(self, role: str) -> str:
        """The files of a split as messages name them."""
        return listed(table.name for table in self.tables[role])

    def describe(self, sha256: Sequence[str]) -> dict[str, str]:
        """Names and digests by split, for the report; `sha256` is in the order of `every`."""
        if "hub" in self.told:
            return dict(self.told)
        digests = iter(sha256)
        names = {role: ", ".join(table.name for table in tables) for role, tables in self.tables.items()}
        hashes = {f"{role} sha256": ", ".join(next(digests) for _ in tables) for role, tables in self.tables.items()}
        return {**self.told, **names, **hashes}


def find_origin(task: Task, folder: Path) -> Origin:
    """Opens what the task names; relative paths are relative to `folder`.

    Raises:
        BenchError: as `open_data` and `hub_data` do, and for a data set whose splits cannot be used.
    """
    spec = task.data
    if spec.hub is not None:
        return _given(task, hub_data(spec.hub, spec.revision, spec.subset), spec.hub)
    if isinstance(spec.path, FilesSpec):
        by_split = {"train": spec.path.train, "validation": spec.path.validation, "test": spec.path.test}
        return Origin({split: _tables(paths, folder) for split, paths in by_split.items() if paths is not None})
    assert spec.path is not None
    if not isinstance(spec.path, str):
        return Origin({"file": _tables(spec.path, folder)})
    found = open_data(_located(spec.path, folder))
    return Origin({"file": [found]}) if isinstance(found, Stream) else _given(task, found, Path(spec.path).name)


def _located(path: str, folder: Path) -> Path:
    return folder / Path(path).expanduser()


def _tables(paths: str | tuple[str, ...], folder: Path) -> list[Stream]:
    return [open_table(_located(path, folder)) for path in ((paths,) if isinstance(paths, str) else paths)]


def _given(task: Task, saved: Saved, name: str) -> Origin:
    splits, warnings = given_splits(saved, name)
    if {"validation", "test"} <= splits.keys() and _unlabelled(task, splits["test"]):
        hidden, splits["test"] = splits["test"], splits.pop("validation")
        warnings.append(
            f"{hidden.name} has no targets: {splits['test'].name} is tested on, and a tenth of train is set aside as validation"
        )
    return Origin({split: [table] for split, table in splits.items()}, saved.origin, warnings)


def _unlabelled(task: Task, table: Stream) -> bool:
    """Whether a test split was published without its targets, as those of competitions are."""
    if task.no_answer is not None and not task.chooses:
        return False
    columns = Columns()
    records = [item.values for item in islice(table.rows(), _LOOKED_AT) if isinstance(item, Record)]
    for values in records:
        columns.add(values)
    try:
        target = resolve_fields(task.data.fields, columns, table.name, task.kind).target
    except BenchError:
        return False  # said where the rows are read
    return target is not None and all(reach(values, target) in (None, "", [], MISSING) for values in records)
