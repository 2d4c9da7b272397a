"""Strict decoding of JSON: duplicate keys, infinities and unusable text are errors. NaN is allowed: data frames use it for "missing"."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

from harness.data.records import BadRowError, check_texts, quote

TYPE_NAMES = {list: "a list", str: "a string", int: "a number", float: "a number", bool: "a boolean", type(None): "null"}


def decode_document(text: str) -> Any:
    """The value of a whole JSON document.

    Raises:
        json.JSONDecodeError: the text is not JSON.
        BadRowError: a duplicate key or an infinite number.
        ValueError: an integer with more digits than Python converts.
        RecursionError: nested too deeply.
    """
    return _DECODER.decode(text)


def decode_object(line: str) -> dict[str, Any]:
    """The object on a line of JSON Lines.

    Raises:
        BadRowError: the line is not an object, has a duplicate key, or contains unusable text.
    """
    try:
        values = _DECODER.decode(line)
    except json.JSONDecodeError as error:
        excerpt = quote(line[error.pos : error.pos + 20])
        if error.msg == "Extra data" and line[error.pos : error.pos + 1] == "{":  # also of files whose lines end with CR alone
            problem = (
                f"a second object on the line, at column {error.colno}. End each line with a line feed (\\n), and write one object on it"
            )
            raise BadRowError(problem, excerpt) from None
        raise BadRowError(f"broken JSON at column {error.colno}: {error.msg}, found {excerpt}", excerpt) from None
    except RecursionError:
        raise BadRowError("broken JSON: nested too deeply") from None
    except ValueError as error:  # an integer with more digits than Python converts
        raise BadRowError(f"broken JSON: {error}") from None
    if not isinstance(values, dict):
        raise not_an_object(values, line)
    if "\\u" in line or "\0" in line:  # a file in UTF-8 cannot contain raw surrogates, only escaped ones
        check_texts(values)
    return values


def not_an_object(value: object, text: object) -> BadRowError:
    """The error for a row that is another JSON value than an object."""
    return BadRowError(f'{TYPE_NAMES[type(value)]}, not an object like {{"input": …, "target": …}}: {quote(text)}', quote(text))


def _distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise BadRowError(f"the key {quote(next(key for key, count in counts.items() if count > 1))} occurs twice in one object")
    return values


def _constant(word: str) -> None:
    if word != "NaN":
        raise BadRowError(f"broken JSON: {word} is not a JSON value")


def _finite(number: str) -> float:
    """A number with a fraction or an exponent. 1e400 would become infinity."""
    value = float(number)
    if math.isinf(value):
        raise BadRowError(f"broken JSON: the number {quote(number)} is too large")
    return value


# built once: building a decoder takes as long as decoding a row
_DECODER = json.JSONDecoder(object_pairs_hook=_distinct_keys, parse_constant=_constant, parse_float=_finite)
