"""JSON files: written atomically, and checked against a type when they are read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, RootModel, ValidationError
from pydantic_core import to_jsonable_python

from harness.errors import BenchError
from harness.store.atomic import write_text
from harness.validation import describe_problem, field_path

T = TypeVar("T")


class _Stored(RootModel[T]):
    """Checks types strictly, down to the dataclasses inside; models of users' declarations keep their own rules."""

    model_config = ConfigDict(strict=True)


def to_jsonable(value: Any) -> Any:
    """The value in JSON's own types: tuples as lists, tuple keys joined with slashes, NaN and infinities as null."""
    if isinstance(value, Mapping):
        return {" / ".join(key) if isinstance(key, tuple) else key: to_jsonable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [to_jsonable(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON.

    Raises:
        ValueError: for NaN and infinities, which JSON cannot hold and no score of ours may be.
    """
    write_text(path, _dumps(value))


def read_json(path: Path) -> Any:
    """Read JSON of any form.

    Raises:
        BenchError: the file is missing or damaged.
    """
    try:
        return json.loads(read_bytes(path))
    except ValueError as error:
        raise BenchError(f"{path}: is damaged: not valid JSON: {error}") from None


def to_json_line(kind: type[T], value: T) -> str:
    """A value of this type as one line of JSON, without the newline. Infinities are kept: a log-probability may be −∞."""
    return json.dumps(_dump(kind, value), default=to_jsonable_python)


def from_json_text(kind: type[T], text: str | bytes) -> T:
    """The value of this type that a JSON text holds.

    Types are checked strictly: a number in quotes is not a number, and an unknown field is an error.

    Raises:
        ValueError: the text is not such a value; the message names the first field at fault.
    """
    try:
        value: T = _model(kind).model_validate_json(text, extra="forbid").root  # type: ignore[arg-type]  # types are hashable
    except ValidationError as error:
        raise ValueError(_summary(error)) from None
    return value


def write_value(path: Path, kind: type[T], value: T) -> None:
    """Write a value of this type, a dataclass or a list of dataclasses, as JSON that `read_value` reads."""
    write_json(path, _dump(kind, value))


def to_json_text(kind: type[T], value: T) -> str:
    """The text that `write_value` writes."""
    return _dumps(_dump(kind, value))


def read_value(path: Path, kind: type[T], *, advice: str = "") -> T:
    """Read a value that `write_value` wrote.

    Args:
        advice: what the user can do about a damaged file, as a sentence.

    Raises:
        BenchError: the file is missing or damaged, or is another version's; the message names the file and the first field at fault.
    """
    try:
        return from_json_text(kind, read_bytes(path))
    except ValueError as error:
        raise BenchError(f"{path}: is damaged: {error}" + (f". {advice}" if advice else "")) from None


@lru_cache(maxsize=32)
def _model(kind: Any) -> type[_Stored[Any]]:
    """Built on first use: a schema takes milliseconds, and most commands need none."""
    return _Stored[kind]


def _dump(kind: Any, value: object) -> Any:
    """Dictionaries, lists and plain values; a value that is not of its field's type is our mistake, and raises."""
    return _model(kind).model_construct(value).model_dump(warnings="error")


def _dumps(value: Any) -> str:
    # A user's YAML or Python value may hold a date, a set or an enum: pydantic knows their JSON forms.
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False, default=to_jsonable_python) + "\n"


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        BenchError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise BenchError(f"{path}: cannot be read: {error.strerror}") from None


def _summary(error: ValidationError) -> str:
    """The first problem with its field; the others, which often follow from it, as a number."""
    first, *others = error.errors(include_url=False)
    if first["type"] == "json_invalid":
        return f"not valid JSON: {first['ctx']['error']}"
    field = field_path(first["loc"])
    more = f" (and {len(others)} more problem{'s' if len(others) > 1 else ''})" if others else ""
    return f"{f'{field}: ' if field else ''}{describe_problem(first)}{more}"
