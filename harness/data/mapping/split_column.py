"""A column that says to which split each row belongs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.data.mapping.nested_fields import MISSING, get_nested
from harness.data.records import BadRowError, quote
from harness.types import SplitName

_VALUES: Mapping[SplitName, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "development"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SPLITS: Mapping[str, SplitName] = {value: split for split, values in _VALUES.items() for value in values}


def parse_split(value: object) -> SplitName | None:
    """The split that a cell names, in any case; None if it names none."""
    return _SPLITS.get(value.strip().casefold()) if isinstance(value, str) else None


def map_split(values: Mapping[str, Any], column: str) -> SplitName:
    """The split of a record.

    Raises:
        BadRowError: the column names no split.
    """
    value = get_nested(values, column)
    if value is MISSING or value is None or (isinstance(value, str) and not value.strip()):
        raise BadRowError(f"split (column '{column}') is empty")
    split = parse_split(value)
    if split is None:
        excerpt = quote(value)
        raise BadRowError(f"split (column '{column}') is {excerpt}. It must be train, validation, dev or test", excerpt)
    return split
