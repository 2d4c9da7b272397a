"""Text that neither a tokenizer nor a UTF-8 file can hold: NUL characters and lone surrogates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.data.records.bad_rows import BadRowError
from harness.data.records.quoting import quote


def check_texts(values: Mapping[str, Any]) -> None:
    """Check all column names and values of a record.

    Raises:
        BadRowError: a name or a value contains unusable text.
    """
    for column, value in values.items():
        if reason := find_unusable_text([column, value]):
            raise BadRowError(f"field {quote(column.encode('utf-8', 'replace').decode())} {reason}")


def find_unusable_text(value: object) -> str | None:
    """Why a value, or anything nested in it, is unusable text ("contains a NUL character"); None if all is usable."""
    pending = [value]  # no recursion: values may be nested as deeply as the parser allows
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            if reason := _check_text(item):
                return reason
        elif isinstance(item, Mapping):
            pending += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            pending += item
    return None


def _check_text(text: str) -> str | None:
    if "\0" in text:
        return "contains a NUL character"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"contains a lone surrogate (\\u{ord(text[error.start]):04x}), which is half of a character"
    return None
