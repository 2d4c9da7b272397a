"""JSON Lines: one object a line."""

from __future__ import annotations

import json
import math
from typing import Any

from harness.data.formats.records import BadRow, BadRowError, Record, Rows, shown, unusable_text
from harness.data.formats.text_file import EMPTY, TextFile
from harness.errors import BenchError

NAMES = {list: "a list", str: "a string", int: "a number", float: "a number", bool: "a boolean", type(None): "null"}


def read_jsonl(file: TextFile) -> Rows:
    """The records of a JSON Lines file and its bad rows, in their order.

    Raises:
        BenchError: empty, or the text is one JSON document over several lines, or one list; and as `TextFile.lines` does.
    """
    rows = 0
    only_list = 0
    # "\n" alone: JSON allows the other line ends between its tokens, and U+2028 inside strings
    for number, line in enumerate(file.lines("\n"), 1):
        text = line.strip()
        if not text:
            continue
        rows += 1
        if rows == 1 and text in ("{", "["):
            raise _one_document(file.name, number, text)
        if rows == 1 and text[0] == "[":
            only_list = number
        try:
            yield Record(number, object_of(line))
        except BadRowError as error:
            yield BadRow(f"{file.name}:{number}", str(error), error.quoted)
    if not rows:
        raise BenchError(f"{file.name}: {EMPTY}")
    if only_list and rows == 1:
        raise _one_document(file.name, only_list, "[")


def _one_document(name: str, line: int, start: str) -> BenchError:
    each = ".[]" if start == "[" else "."
    return BenchError(
        f"{name}:{line}: one JSON document, where each line must be an object of its own. "
        f"Let its name end in .json, or convert it: jq -c '{each}' {name} > lines-{name}"
    )


def object_of(line: str) -> dict[str, Any]:
    """The object that a line holds.

    Raises:
        BadRowError: it holds none, or one with a key twice, or text that cannot be used.
    """
    try:
        values = _DECODER.decode(line)
    except json.JSONDecodeError as error:
        quoted = shown(line[error.pos : error.pos + 20])
        raise BadRowError(f"broken JSON at column {error.colno}: {error.msg}, seen {quoted}", quoted) from None
    except RecursionError:
        raise BadRowError("broken JSON: nested too deep") from None
    except ValueError as error:  # a whole number of more digits than Python converts
        raise BadRowError(f"broken JSON: {error}") from None
    if not isinstance(values, dict):
        raise BadRowError(f'{NAMES[type(values)]}, not an object like {{"input": …, "target": …}}: {shown(line)}', shown(line))
    if "\\u" in line or "\0" in line:  # raw surrogates cannot get here, escaped ones can
        check_texts(values)
    return values


def check_texts(values: dict[str, Any]) -> None:
    """Raises:
    BadRowError: a name or value of the record is text that cannot be used.
    """
    for column, value in values.items():
        if reason := unusable_text([column, value]):
            raise BadRowError(f"field {shown(column.encode('utf-8', 'replace').decode())} {reason}")


def distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs.

    Raises:
        BadRowError: a key occurs twice.
    """
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        raise BadRowError(f"the key {shown(next(k for k in keys if keys.count(k) > 1))} occurs twice in one object")
    return values


def no_infinity(word: str) -> None:
    """NaN is what data frames write for a missing value; infinities are no text and no label."""
    if word != "NaN":
        raise BadRowError(f"broken JSON: {word} is no JSON value")


def finite(number: str) -> float:
    """The value of a number with a fraction or an exponent; 1e400 would become the infinity that `no_infinity` refuses."""
    value = float(number)
    if math.isinf(value):
        raise BadRowError(f"broken JSON: the number {shown(number)} is too large")
    return value


# made once: making it takes as long as a row
_DECODER = json.JSONDecoder(object_pairs_hook=distinct_keys, parse_constant=no_infinity, parse_float=finite)
