"""What a Croissant file says: its resources (files and sets of files), and its record sets with the column of each field.

Prefixes of the vocabulary (`cr:`, `sc:`, `ml:`) and references as objects, names or `#{file/column}` are all read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.data.records import join_names, quote
from harness.errors import BenchError

MOST_PARTS = 10_000  # fields, resources or record sets of a description
_PREFIX = re.compile(r"^(?:cr|sc|ml|schema|https?://schema\.org/|https?://mlcommons\.org/(?:croissant/|schema/))[:/]?")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_JSON_PATH = re.compile(r"\$?[\w\[\]*.]*?\.*([\w-]+)")
_OLD_REFERENCE = re.compile(r"#\{(?P<resource>.+?)(?:/(?P<column>[^/}]+))?\}")
_ALTERNATIVES = re.compile(r"\((?!\?)([\w.|-]+)\)")
_NOT_ROWS = ("Split", "Enumeration", "GeoShape", "Label")


@dataclass(frozen=True)
class Resource:
    """A file, or the files that patterns match.

    Attributes:
        places: where a file may be, or the patterns of a set, relative to the description.
        sha256: of a file, in hex; empty if it is not known.
        archive: the name of the archive that contains it; empty if none does.
    """

    name: str
    places: tuple[str, ...]
    is_set: bool
    excluded: tuple[str, ...] = ()
    sha256: str = ""
    archive: str = ""


@dataclass(frozen=True)
class DescribedField:
    """A column of a record set.

    Attributes:
        column: in the file; empty if the value is part of the file's name.
        path: into nested values of the column.
        choices: the values of which one is in the file's name.
    """

    name: str
    resource: str
    column: str
    path: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecordSet:
    """Rows with the same fields."""

    name: str
    fields: tuple[DescribedField, ...]


@dataclass(frozen=True)
class Description:
    """A Croissant file. `file` is its name in messages."""

    file: str
    resources: Mapping[str, Resource]
    record_sets: tuple[RecordSet, ...]


def is_description(document: Any) -> bool:
    """Whether a JSON document is Croissant metadata."""
    if not isinstance(document, Mapping) or "@context" not in document:
        return False
    return {"distribution", "recordSet"} <= {_plain(key) for key in document}


def parse_description(document: Any, file: str) -> Description:
    """The description that a document holds.

    Args:
        file: its name in messages.

    Raises:
        BenchError: a part has the wrong type or lacks its name, there are too many parts, or a field cannot be read.
    """
    reader = _Reader(file)
    values = _normalize(document)
    resources = {each.name: each for part in reader.parts(values, "distribution") for each in (reader.resource(part),)}
    record_sets = [reader.record_set(part) for part in reader.parts(values, "recordSet")]
    return Description(file, resources, tuple(each for each in record_sets if each is not None and each.fields))


class _Reader:
    def __init__(self, file: str) -> None:
        self._file = file

    def parts(self, values: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
        """The objects under a key: one or several."""
        value = values.get(key) or []
        parts = [value] if isinstance(value, Mapping) else value
        if not isinstance(parts, list) or not all(isinstance(part, Mapping) for part in parts):
            raise BenchError(f"{self._file}: '{key}' must be a list of objects, found {quote(value)}")
        if len(parts) > MOST_PARTS:
            raise BenchError(f"{self._file}: '{key}' has {len(parts):,} entries; at most {MOST_PARTS:,} can be read")
        return parts

    def resource(self, part: Mapping[str, Any]) -> Resource:
        name = self._name(part, "distribution")
        archive = next(iter(self._references(part.get("containedIn"))), "")
        if _plain(str(part.get("@type"))) == "FileSet":
            includes = _texts(part.get("includes"))
            if not includes:
                raise BenchError(f"{self._file}: the set of files {quote(name)} has no 'includes' that says which files are in it")
            return Resource(name, tuple(includes), True, tuple(_texts(part.get("excludes"))), archive=archive)
        address = part.get("contentUrl")
        places = [*([address] if isinstance(address, str) else []), *_texts(part.get("name")), name]
        digest = str(part.get("sha256", "")).lower()
        return Resource(name, tuple(dict.fromkeys(places)), False, (), digest if _DIGEST.fullmatch(digest) else "", archive)

    def record_set(self, part: Mapping[str, Any]) -> RecordSet | None:
        """None for lists of splits and of labels, which hold no examples."""
        name = self._name(part, "recordSet")
        types = {_plain(text) for text in _texts(part.get("dataType"))}
        if types & set(_NOT_ROWS) or part.get("isEnumeration"):
            return None
        read = (self._field(each, name) for each in self.parts(part, "field"))
        return RecordSet(_last(name), tuple(each for each in read if each is not None))

    def _field(self, part: Mapping[str, Any], record_set: str) -> DescribedField | None:
        """None for a field whose value is in no column, and no part of a file's name that is known."""
        full_name = self._name(part, f"recordSet {quote(record_set)}: field")
        name = full_name.removeprefix(f"{record_set}/")
        source = part.get("source")
        if source is None and "subField" in part:
            return self._parent(part, name, record_set)
        if source is None:
            return None
        if isinstance(source, str):
            match = _OLD_REFERENCE.fullmatch(source)
            return None if match is None or match["column"] is None else DescribedField(name, match["resource"], match["column"])
        if not isinstance(source, Mapping):
            raise BenchError(f"{self._file}: the field {quote(full_name)} has a source that is no object")
        resource = next(iter(self._references(source.get("fileObject") or source.get("fileSet") or source.get("distribution"))), "")
        if not resource:  # another record set
            return None
        extract = _mapping(source.get("extract"))
        transforms = self.parts(source, "transform")
        if "fileProperty" in extract:
            choices = next((m[1].split("|") for t in transforms if (m := _ALTERNATIVES.search(str(t.get("regex", ""))))), [])
            return DescribedField(name, resource, "", choices=tuple(choices)) if choices else None
        column = extract.get("column") or extract.get("csvColumn") or self._column_of_path(extract.get("jsonPath"), full_name)
        path = [self._column_of_path(transform["jsonPath"], full_name) for transform in transforms if "jsonPath" in transform]
        others = [key for transform in transforms for key in transform if key not in ("jsonPath", "@type", "@id")]
        if others:
            raise BenchError(
                f"{self._file}: the field {quote(full_name)} is transformed ({join_names(others)}), which bench does not do. Name the data "
                "files themselves instead of their description"
            )
        return DescribedField(name, resource, str(column), tuple(path))

    def _parent(self, part: Mapping[str, Any], name: str, record_set: str) -> DescribedField | None:
        """A field with parts of its own, which are all in one column."""
        read = [self._field(each, record_set) for each in self.parts(part, "subField")]
        columns = {(each.resource, each.column) for each in read if each is not None}
        if len(columns) != 1 or not next(iter(columns))[1]:
            return None
        return DescribedField(name, *columns.pop())

    def _column_of_path(self, path: Any, field: str) -> str:
        match = _JSON_PATH.fullmatch(path) if isinstance(path, str) and len(path) < 200 else None
        if match is None:
            raise BenchError(f"{self._file}: the field {quote(field)} names no column that bench can read (found {quote(path)})")
        return match[1]

    def _name(self, part: Mapping[str, Any], place: str) -> str:
        name = part.get("@id") or part.get("name")
        if not isinstance(name, str) or not name.strip():
            raise BenchError(f"{self._file}: {place}: an entry has neither '@id' nor 'name'")
        return name

    def _references(self, value: Any) -> list[str]:
        """The names that a reference, or several, point to."""
        entries = value if isinstance(value, list) else [] if value is None else [value]
        names = [each.get("@id") or each.get("name") if isinstance(each, Mapping) else each for each in entries]
        return [match["resource"] if (match := _OLD_REFERENCE.fullmatch(name)) else name for name in names if isinstance(name, str)]


def _normalize(value: Any) -> Any:
    """The value with keys that have no prefix. The depth of a document is limited by its parser."""
    if isinstance(value, Mapping):
        return {_plain(key): _normalize(each) for key, each in value.items()}
    return [_normalize(each) for each in value] if isinstance(value, list) else value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _plain(name: str) -> str:
    return _PREFIX.sub("", name)


def _last(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _texts(value: Any) -> list[str]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
