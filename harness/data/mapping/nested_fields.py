"""Nested values: a dot reaches into an object (`answers.text`), a list (`turns.0.text`), or every object of a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MISSING: Any = object()
MAX_DEPTH = 6
MAX_KEYS = 100  # an object with more keys is a dictionary, not a record


def get_nested(values: Mapping[str, Any], column: str) -> Any:
    """The value of a column, or MISSING if the record has none. A column whose own name contains the dot takes precedence."""
    if column in values:
        return values[column]
    base, *path = column.split(".")
    return _follow(values[base], path) if path and base in values else MISSING


def _follow(value: Any, path: list[str]) -> Any:
    for depth, key in enumerate(path):
        if isinstance(value, Mapping):
            if key not in value:
                return MISSING
            value = value[key]
        elif isinstance(value, list) and key.isdecimal():
            if int(key) >= len(value):
                return MISSING
            value = value[int(key)]
        elif isinstance(value, list):
            # from every object of the list; inner lists are flattened
            parts = [_follow(item, path[depth:]) for item in value]
            return [item for part in parts if part is not MISSING for item in (part if isinstance(part, list) else [part])]
        else:
            return MISSING
    return value


class Columns:
    """The column names of a table as far as it has been read, with the names of nested values."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self._nested: dict[str, dict[str, None]] = {}

    def add(self, values: Mapping[str, Any]) -> None:
        """Add the columns of a record and the names nested in them."""
        self.names.update(dict.fromkeys(values))
        for column, value in values.items():
            if isinstance(value, Mapping | list):
                self._nested.setdefault(column, {}).update(dict.fromkeys(_nested_names(value, column, MAX_DEPTH)))

    def add_names(self, values: Mapping[str, Any]) -> list[str]:
        """Add the columns of a record, without nested names, and return those that are new."""
        if values.keys() <= self.names.keys():
            return []
        new = [column for column in values if column not in self.names]
        self.names.update(dict.fromkeys(new))
        return new

    def __contains__(self, column: str) -> bool:
        if column in self.names:
            return True
        base, *path = column.split(".")
        return ".".join([base, *(key for key in path if not key.isdecimal())]) in self._nested.get(base, {}) or (
            base in self._nested and bool(path) and all(key.isdecimal() for key in path)
        )

    def all_names(self) -> list[str]:
        """All names that a task can use. A column of objects is represented by the names nested in it."""
        return list(dict.fromkeys(name for column in self.names for name in (self._nested.get(column) or [column])))


def _nested_names(value: Any, name: str, depth: int) -> Iterator[str]:
    """The dotted names of the values nested in a value, down to `depth` levels."""
    if not depth:
        return
    if isinstance(value, list):
        for item in value[:MAX_KEYS]:
            if isinstance(item, Mapping | list):
                yield from _nested_names(item, name, depth - 1)
    elif isinstance(value, Mapping) and len(value) <= MAX_KEYS:
        for key, item in value.items():
            deeper = [*_nested_names(item, f"{name}.{key}", depth - 1)]
            yield from deeper or [f"{name}.{key}"]
