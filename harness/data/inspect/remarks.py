"""What `bench init` tells the user about its guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.data.inspect.column_profile import ColumnProfile
from harness.data.records import join_names, quote
from harness.errors import setting
from harness.text import plural


@dataclass
class Remarks:
    """Remarks that are collected while a task is guessed.

    Attributes:
        reasons: by role, why its column was chosen.
        alternatives: other choices that are plausible.
        notes: what else the user should know.
    """

    reasons: dict[str, str] = field(default_factory=dict)
    alternatives: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def describe_column(column: ColumnProfile) -> str:
    """What a column contains, in a few words."""
    if column.type == "empty":
        return "empty"
    if column.type == "text" and not column.is_label:
        return f"{'lists of text' if column.is_list else 'text'} of about {plural(max(column.median_words, 1), 'word')}"
    kind = {"number": "numbers", "boolean": "true or false", "date": "dates", "messages": "conversations"}.get(column.type, "values")
    return f"{column.distinct} distinct {kind}" if column.type in ("number", "text") else kind


def how_to_name(columns: Sequence[ColumnProfile]) -> str:
    """The end of a message: which columns there are, and how to name the target and the input."""
    descriptions = [f"{quote(c.name)} ({describe_column(c)})" for c in columns]
    options = f"{setting('fields.target', 'COLUMN')} and {setting('fields.input', 'COLUMN')}"
    return f"The columns are: {join_names(descriptions)}. Name them with {options}"
