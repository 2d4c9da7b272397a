"""Columns that say to which split each row belongs: by its name, or by a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.data.mapping.nested_fields import MISSING, get_nested
from harness.data.records import BadRowError, parse_split, quote
from harness.types import SplitName


def map_split(values: Mapping[str, Any], column: str) -> SplitName:
    """The split of a record.

    Raises:
        BadRowError: the column names no split.
    """
    value = _get_value(values, column, "split")
    split = parse_split(value)
    if split is None:
        excerpt = quote(value)
        raise BadRowError(f"split (column '{column}') is {excerpt}. It must be train, validation, dev or test", excerpt)
    return split


def map_time(values: Mapping[str, Any], column: str) -> str | float:
    """The date or time of a record as it is written: a text, or a number.

    Raises:
        BadRowError: there is none.
    """
    value = _get_value(values, column, "split.by")
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        excerpt = quote(value)
        raise BadRowError(f"split.by (column '{column}') is {excerpt}. It must be a date, a time or a number", excerpt)
    return value.strip() if isinstance(value, str) else float(value)


def _get_value(values: Mapping[str, Any], column: str, role: str) -> Any:
    value = get_nested(values, column)
    if value is MISSING or value is None or (isinstance(value, str) and not value.strip()):
        raise BadRowError(f"{role} (column '{column}') is empty")
    return value
