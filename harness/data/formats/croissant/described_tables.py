"""The tables that a Croissant file describes: each record set of local files is one, or one for each split."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.data.formats.croissant.description import DescribedField, Description, RecordSet, Resource
from harness.data.formats.hf_datasets import DatasetSplits
from harness.data.formats.joined_tables import join_tables
from harness.data.formats.text_file import hash_content
from harness.data.records import Record, Table, TableRows, join_names, parse_split, quote
from harness.errors import BenchError

_MOST_FILES = 10_000
_WORDS = re.compile(r"[A-Za-z0-9]+")

Described = Mapping[str, Table | DatasetSplits]


def open_described(description: Description, folder: Path, open_file: Callable[[Path], Table]) -> Described:
    """The tables by the name of their record set.

    Args:
        folder: of the description. Its files are in it, or in folders below it; nothing is downloaded.
        open_file: opens a data file.

    Raises:
        BenchError: a file is missing, is outside of the folder, has another digest than described, or a record set joins several files.
    """
    if not description.record_sets:
        raise BenchError(f"{description.file}: describes no rows of files (no record set has fields with a column)")
    files = _Files(description, folder)
    tables = {each.name: _open_record_set(each, description, files, open_file) for each in description.record_sets}
    return _join_splits(description, tables) or tables


def _open_record_set(
    record_set: RecordSet, description: Description, files: _Files, open_file: Callable[[Path], Table]
) -> Table | DatasetSplits:
    resources = list(dict.fromkeys(field.resource for field in record_set.fields))
    if len(resources) > 1:
        raise BenchError(
            f"{description.file}: the record set {quote(record_set.name)} joins {join_names(resources)}. bench reads one table: join them, "
            "and name the file"
        )
    name = f"{description.file}/{record_set.name}"
    opened = [(path, _rename(open_file(path), record_set.fields, files.relative(path))) for path in files.find(resources[0])]
    by_split: dict[str, list[Table]] = {}
    field = next((each for each in record_set.fields if each.choices and {*map(parse_split, each.choices)} - {None}), None)
    for path, table in opened:
        split = _choice(field, files.relative(path)) if field is not None else None
        by_split.setdefault(split or "", []).append(table)
    if "" in by_split or len(by_split) < 2:
        return join_tables([table for _, table in opened], name)
    splits = {split: join_tables(tables, f"{name}/{split}") for split, tables in by_split.items()}
    return DatasetSplits(splits, {"file": description.file})


def _rename(table: Table, fields: Sequence[DescribedField], file: str) -> Table:
    """The table with the fields in place of its columns."""

    def rows() -> TableRows:
        for item in table.rows():
            yield Record(item.line, _pick(item.values, fields, file)) if isinstance(item, Record) else item

    return Table(table.name, rows, table.sha256, table.location_format)


def _pick(values: Mapping[str, Any], fields: Sequence[DescribedField], file: str) -> dict[str, Any]:
    picked: dict[str, Any] = {}
    for field in fields:
        if not field.column:
            picked[field.name] = _choice(field, file)
        elif field.column in values:
            value = values[field.column]
            for key in field.path:
                value = value.get(key) if isinstance(value, Mapping) else None
            picked[field.name] = value
    return picked


def _choice(field: DescribedField, file: str) -> str | None:
    """The value of a field that is a part of a file's name: the last one of its choices that the name holds as a word."""
    words = _WORDS.findall(file)
    return next((word for word in reversed(words) if word in field.choices), None)


def _join_splits(description: Description, tables: Described) -> dict[str, Table | DatasetSplits]:
    """Record sets that are the splits of one dataset, as their names tell, under one name; empty for others."""
    splits: dict[str, Table] = {}
    for name, table in tables.items():
        named = [split for word in _WORDS.findall(name) if (split := parse_split(word)) is not None]
        if len(named) != 1 or named[0] in splits or not isinstance(table, Table):
            return {}
        splits[named[0]] = table
    fields = {tuple(field.name for field in each.fields) for each in description.record_sets}
    is_one = len(splits) > 1 and "train" in splits and len(fields) == 1
    return {"": DatasetSplits(splits, {"file": description.file})} if is_one else {}


class _Files:
    """The local files of a description's resources."""

    def __init__(self, description: Description, folder: Path) -> None:
        self._description, self._folder = description, folder

    def relative(self, path: Path) -> str:
        """The path of a file as the description would write it."""
        return path.relative_to(self._folder).as_posix()

    def find(self, name: str) -> list[Path]:
        """The files of a resource, sorted by path."""
        resource = self._description.resources.get(name)
        if resource is None:
            raise BenchError(f"{self._description.file}: no file or set of files is called {quote(name)}")
        return self._find_set(resource) if resource.is_set else [self._find_file(resource)]

    def _find_set(self, resource: Resource) -> list[Path]:
        included = self._match(resource.places)
        files = sorted(included - self._match(resource.excluded))
        if not files:
            raise BenchError(
                f"{self._where(resource)}: no file matches {join_names(resource.places)} in {self._folder.resolve()}. {self._advice}"
            )
        if len(files) > _MOST_FILES:
            raise BenchError(f"{self._where(resource)}: more than {_MOST_FILES:,} files. Combine them into fewer")
        return files

    def _match(self, patterns: Sequence[str]) -> set[Path]:
        files: set[Path] = set()
        for pattern in map(_local, patterns):
            if not _stays_inside(pattern):
                continue
            matches = islice(glob.iglob(pattern, root_dir=self._folder, recursive=True), 2 * _MOST_FILES)
            files |= {path for match in matches if (path := self._folder / match).is_file() and self._is_inside(path)}
        return files

    def _find_file(self, resource: Resource) -> Path:
        places = [place for place in map(_local, resource.places) if _stays_inside(place)]
        # A file that was downloaded has the last part of its address as its name.
        places += [PurePosixPath(place).name for place in places if "/" in place]
        path = next((path for place in places if (path := self._folder / place).is_file() and self._is_inside(path)), None)
        if path is None:
            archive = f"Unpack {quote(resource.archive)} there" if resource.archive else self._advice
            raise BenchError(f"{self._where(resource)}: there is no such file in {self._folder.resolve()} or below it. {archive}")
        if resource.sha256 and hash_content(path) != resource.sha256:
            raise BenchError(
                f"{self._where(resource)}: the file is not the one described: its sha256 differs. Get that file, or name {path.name} itself"
            )
        return path

    _advice = "bench reads local files: put the files beside their description"

    def _is_inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self._folder.resolve())

    def _where(self, resource: Resource) -> str:
        return f"{self._description.file}: {quote(resource.name)}"


def _local(place: str) -> str:
    """A place as a path: of an address, the path alone."""
    return unquote(urlsplit(place).path).lstrip("/") if "://" in place else place


def _stays_inside(place: str) -> bool:
    parts = PurePosixPath(place).parts
    return bool(parts) and not PurePosixPath(place).is_absolute() and ".." not in parts and "\0" not in place
