"""What is wrong with a value, in the words of our messages: `costs[0].seconds: must be a valid number, not 'fast'`."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.errors import did_you_mean

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# Values are cut: a value may be a whole book, and YAML's aliases can turn a short file into gigabytes.
_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60
_short.maxlevel = 2
_PLAIN = {  # in the words of YAML and JSON, instead of Python's
    **dict.fromkeys(("tuple_type", "list_type", "set_type", "frozen_set_type"), "must be a list"),
    **dict.fromkeys(("dict_type", "mapping_type"), "must be a mapping of names to values"),
}


def field_path(loc: Sequence[int | str]) -> str:
    """The place of a value as code would write it: ("costs", 0, "seconds") → "costs[0].seconds"."""
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else (f".{step}" if text else step)
    return text


def describe_problem(detail: ErrorDetails) -> str:
    """One finding of pydantic without its place: "must be greater than 0, not -1"."""
    kind, value = detail["type"], detail.get("input")
    if kind == "missing":
        return "is missing"
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        return "is an unknown field"
    if kind == "literal_error" and isinstance(value, str):
        known = [part.strip(" '") for part in str(detail["ctx"]["expected"]).replace(" or ", ", ").split(",")]
        return f"unknown value '{_short.repr(value)[1:-1]}'.{did_you_mean(value, known)}"
    message = _PLAIN.get(kind) or detail["msg"].removeprefix("Value error, ")
    message = message.replace("Input should", "must", 1) if message.startswith("Input should") else message[:1].lower() + message[1:]
    if kind == "value_error" or isinstance(value, Mapping):
        return message
    return f"{message}, not {_short.repr(value)}"


def count_problem(name: str, value: object, *, least: int = 1, most: int | None = None) -> str:
    """Why a value is not a whole number in this range: "limit must be a whole number from 1, not 0"; empty if it is."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= least and (most is None or value <= most):
        return ""
    return f"{name} must be a whole number from {least}{f' to {most:,}' if most is not None else ''}, not {_short.repr(value)}"


def positive_problem(name: str, value: object) -> str:
    """Why a value is not a finite number above 0; empty if it is."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf:
        return ""
    return f"{name} must be a number above 0, not {_short.repr(value)}"
