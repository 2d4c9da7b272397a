"""Columns of images, audio or video, which are not used here, and of preference pairs under unusual names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.data.mapping.nested_fields import MISSING, get_nested
from harness.data.records import TEXT_ONLY, Media, media_of_values, quote
from harness.errors import setting


def find_media(columns: Iterable[str], rows: Sequence[Mapping[str, Any]]) -> tuple[str, Media] | None:
    """The first of these columns that holds images, audio or video in all of these rows, and which of them; None if none does."""
    for column in columns:
        values = (get_nested(row, column) for row in rows)
        if media := media_of_values(value for value in values if value is not MISSING):
            return column, media
    return None


def find_preference_pair(columns: Iterable[str]) -> tuple[str, str] | None:
    """Two columns whose names differ only in `chosen` and `rejected`; None if there are none."""
    names = dict.fromkeys(columns)  # in their order; a table may have thousands
    pairs = ((name, name.replace("chosen", "rejected")) for name in names if "chosen" in name)
    return next((pair for pair in pairs if pair[1] in names), None)


def preference_problem(file: str, chosen: str, rejected: str) -> str:
    """The message for a table of preference pairs."""
    return (
        f"{file}: the columns {quote(chosen)} and {quote(rejected)} are preference pairs, but which column holds their prompts is not "
        f"known. Name it, and the preferred answers: {setting('fields.input', 'COLUMN')} and {setting('fields.target', chosen)}"
    )


def media_problem(file: str, column: str, media: Media) -> str:
    """The message for a column of media."""
    return (
        f"{file}: the column {quote(column)} holds {media}. {TEXT_ONLY}, or name the columns of text: {setting('fields.input', 'COLUMN')}"
    )
