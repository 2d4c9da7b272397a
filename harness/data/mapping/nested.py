"""Values inside of values: a dot reaches into an object (`answers.text`), a list (`turns.0.text`), or every object of a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MISSING: Any = object()
DEEPEST = 6
MOST_KEYS = 100  # an object with more keys than this is a dictionary of something, not a record


def reach(values: Mapping[str, Any], column: str) -> Any:
    """The value of a column, MISSING where the row has none. A column whose name holds the dot itself comes first."""
    if column in values:
        return values[column]
    base, *path = column.split(".")
    return _walk(values[base], path) if path and base in values else MISSING


def _walk(value: Any, path: list[str]) -> Any:
    for place, key in enumerate(path):
        if isinstance(value, Mapping):
            if key not in value:
                return MISSING
            value = value[key]
        elif isinstance(value, list) and key.isdecimal():
            if int(key) >= len(value):
                return MISSING
            value = value[int(key)]
        elif isinstance(value, list):
            # of the objects in a list: the list of what they hold, without another list in it
            found = [_walk(item, path[place:]) for item in value]
            return [part for item in found if item is not MISSING for part in (item if isinstance(item, list) else [item])]
        else:
            return MISSING
    return value


class Columns:
    """The columns of a table as far as it was read, and the names of what lies inside of them."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self._inside: dict[str, dict[str, None]] = {}

    def add(self, values: Mapping[str, Any]) -> None:
        """Takes in a record."""
        self.names.update(dict.fromkeys(values))
        for column, value in values.items():
            if isinstance(value, Mapping | list):
                self._inside.setdefault(column, {}).update(dict.fromkeys(_inside(value, column, DEEPEST)))

    def add_names(self, values: Mapping[str, Any]) -> list[str]:
        """Takes in the columns of a record only; gives those that are new."""
        if values.keys() <= self.names.keys():
            return []
        new = [column for column in values if column not in self.names]
        self.names.update(dict.fromkeys(new))
        return new

    def __contains__(self, column: str) -> bool:
        if column in self.names:
            return True
        base, *path = column.split(".")
        return ".".join([base, *(key for key in path if not key.isdecimal())]) in self._inside.get(base, {}) or (
            base in self._inside and bool(path) and all(key.isdecimal() for key in path)
        )

    def every(self) -> list[str]:
        """All names that can be asked for: a column with objects in it is listed by what they hold."""
        return list(dict.fromkeys(name for column in self.names for name in (self._inside.get(column) or [column])))


def _inside(value: Any, name: str, depth: int) -> Iterator[str]:
    if not depth:
        return
    if isinstance(value, list):
        for item in value[:MOST_KEYS]:
            if isinstance(item, Mapping | list):
                yield from _inside(item, name, depth - 1)
    elif isinstance(value, Mapping) and len(value) <= MOST_KEYS:
        for key, item in value.items():
            deeper = [*_inside(item, f"{name}.{key}", depth - 1)]
            yield from deeper or [f"{name}.{key}"]
