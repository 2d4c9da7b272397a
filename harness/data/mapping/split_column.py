"""A column that says to which split each row belongs."""

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
    value = get_nested(values, column)
    if value is MISSING or value is None or (isinstance(value, str) and not value.strip()):
        raise BadRowError(f"split (column '{column}') is empty")
    split = parse_split(value)
    if split is None:
        excerpt = quote(value)
        raise BadRowError(f"split (column '{column}') is {excerpt}. It must be train, validation, dev or test", excerpt)
    return split
