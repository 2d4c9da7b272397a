"""JSON Lines: one object a line."""

from __future__ import annotations

import json
from typing import Any

from harness.data.records import BadRow, BadRowError, Record, shown, unusable_text
from harness.errors import BenchError

NAMES = {list: "a list", str: "a string", int: "a number", float: "a number", bool: "a boolean", type(None): "null"}


def read_jsonl(text: str, name: str) -> tuple[tuple[str, ...], list[Record], list[BadRow]]:
    """The keys in order of first appearance, the records and the bad rows of a JSONL text.

    Raises:
        BenchError: the text is one JSON document over several lines, or one list.
    """
    # "\n" alone: str.splitlines would also cut at U+2028 and others, which JSON allows inside strings
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    first = lines[0][1].strip()
    if first in ("{", "[") or (first[0] == "[" and len(lines) == 1):
        each = ".[]" if first[0] == "[" else "."
        raise BenchError(
            f"{name}:{lines[0][0]}: one JSON document, where each line must be an object of its own. "
            f"Convert it: jq -c '{each}' {name} > lines-{name}"
        )
    columns: dict[str, None] = {}
    records: list[Record] = []
    bad: list[BadRow] = []
    for number, line in lines:
        try:
            values = _object(line)
        except BadRowError as error:
            bad.append(BadRow(name, number, str(error), error.quoted))
            continue
        columns.update(dict.fromkeys(values))
        records.append(Record(name, number, values))
    return tuple(columns), records, bad


def _object(line: str) -> dict[str, Any]:
    try:
        values = json.loads(line, object_pairs_hook=_pairs, parse_constant=_constant)
    except json.JSONDecodeError as error:
        quoted = shown(line[error.pos : error.pos + 20])
        raise BadRowError(f"broken JSON at column {error.colno}: {error.msg}, seen {quoted}", quoted) from None
    except RecursionError:
        raise BadRowError("broken JSON: nested too deep") from None
    except ValueError as error:  # a whole number of more digits than Python converts
        raise BadRowError(f"broken JSON: {error}") from None
    if not isinstance(values, dict):
        raise BadRowError(f'{NAMES[type(values)]}, not an object like {{"input": …, "target": …}}: {shown(line)}', shown(line))
    if "\\u" in line:  # raw NULs and raw surrogates cannot get here, escaped ones can
        for column, value in values.items():
            if reason := unusable_text([column, value]):
                raise BadRowError(f"field {shown(column.encode('utf-8', 'replace').decode())} {reason}")
    return values


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        raise BadRowError(f"the key {shown(next(k for k in keys if keys.count(k) > 1))} occurs twice in one object")
    return values


def _constant(word: str) -> None:
    """NaN is what data frames write for a missing value; infinities are no text and no label."""
    if word != "NaN":
        raise BadRowError(f"broken JSON: {word} is no JSON value")
