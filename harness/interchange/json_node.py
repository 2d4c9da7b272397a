"""JSON files of other tools: bounded, and read with errors that name the file and the field."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.bounded_file import read_bounded
from harness.errors import BenchError

MAX_DOCUMENT = 256 * 2**20  # bytes of one JSON document
MAX_LINE = 16 * 2**20  # bytes of one line
MAX_LINES = 500_000
_TYPE_NAMES = {dict: "an object", list: "a list", str: "a text", int: "a number", float: "a number", bool: "true or false"}


@dataclass(frozen=True)
class JsonNode:
    """A value of a JSON file, with its place."""

    file: str
    """The name of the file, and where it has lines or members, which of them."""
    place: str
    """The path of the field; empty for the whole document."""
    value: Any

    def problem(self, text: str) -> BenchError:
        """The error that this value has this problem."""
        return BenchError(f"{self.file}: {self.place}: {text}" if self.place else f"{self.file}: {text}")

    def find(self, *names: str) -> JsonNode | None:
        """The field below these names; None where one of them is missing, null, or no object."""
        node = self
        for name in names:
            if not isinstance(node.value, dict) or node.value.get(name) is None:
                return None
            node = JsonNode(node.file, f"{node.place}.{name[:80]}" if node.place else name[:80], node.value[name])
        return node

    def at(self, *names: str) -> JsonNode:
        """The field below these names.

        Raises:
            BenchError: it is missing.
        """
        node = self.find(*names)
        if node is None:
            raise self.problem(f"the field '{'.'.join(names)}' is missing")
        return node

    def fields(self) -> Iterator[tuple[str, JsonNode]]:
        """The fields of an object that are not null, in their order.

        Raises:
            BenchError: this is no object.
        """
        for name in self._require(dict):
            if (node := self.find(name)) is not None:
                yield name, node

    def items(self) -> list[JsonNode]:
        """The items of a list.

        Raises:
            BenchError: this is no list.
        """
        return [JsonNode(self.file, f"{self.place}[{i}]", value) for i, value in enumerate(self._require(list))]

    def text(self) -> str:
        """The text.

        Raises:
            BenchError: this is no text.
        """
        text: str = self._require(str)
        return text

    def number(self) -> float:
        """The number. True and false count as 1 and 0, as tools store whether an answer is right.

        Raises:
            BenchError: this is no finite number.
        """
        number = self.find_number()
        if number is None:
            raise self.problem(f"must be a number, not {self._describe()}")
        return number

    def find_number(self) -> float | None:
        """The number; None where this is none, or not a finite one."""
        if not isinstance(self.value, int | float):
            return None
        try:
            number = float(self.value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None

    def find_standard_error(self) -> float | None:
        """The standard error of a mean; None where this is no number, as `N/A`.

        Raises:
            BenchError: it is below 0.
        """
        error = self.find_number()
        if error is not None and error < 0:
            raise self.problem(f"must be 0 or more as a standard error, not {self._describe()}")
        return error

    def count(self) -> int:
        """The whole number of 0 or more.

        Raises:
            BenchError: this is no such number.
        """
        number = self.find_number()
        if number is None or isinstance(self.value, bool) or number != int(number) or number < 0:
            raise self.problem(f"must be a whole number of 0 or more, not {self._describe()}")
        return int(number)

    def _require(self, kind: type) -> Any:
        if not isinstance(self.value, kind):
            raise self.problem(f"must be {_TYPE_NAMES[kind]}, not {self._describe()}")
        return self.value

    def _describe(self) -> str:
        if isinstance(self.value, dict | list):
            return _TYPE_NAMES[type(self.value)]
        return repr(self.value if not isinstance(self.value, str) else self.value[:80])[:100]


def read_document(path: Path) -> JsonNode:
    """A file with one JSON document.

    Raises:
        BenchError: it cannot be read, is too large, or is no JSON.
    """
    too_large = f"is larger than {MAX_DOCUMENT // 2**20} MB. Import the results of fewer examples at once."
    return parse_document(read_bounded(path, MAX_DOCUMENT, too_large=too_large), str(path))


def parse_document(content: bytes, shown: str) -> JsonNode:
    """A JSON document.

    Args:
        shown: its name in messages.

    Raises:
        BenchError: it is no JSON in UTF-8, or nested too deeply.
    """
    try:
        return JsonNode(shown, "", json.loads(content.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise BenchError(f"{shown}: is not text in UTF-8 (byte {error.start:,}). Import the file as the tool wrote it.") from None
    except RecursionError:
        raise BenchError(f"{shown}: is nested too deeply. Import the file as the tool wrote it.") from None
    except ValueError as error:  # broken JSON, or an integer with more digits than Python converts
        raise BenchError(f"{shown}: is not valid JSON: {str(error)[:200]}. Import the file as the tool wrote it.") from None


def read_lines(path: Path) -> Iterator[JsonNode]:
    """The documents of a file with one on each line; empty lines are skipped.

    Raises:
        BenchError: the file cannot be read, has too many lines or too long ones, or a line is no JSON.
    """
    try:
        with path.open("rb") as file:
            for number in range(1, MAX_LINES + 2):
                line = file.readline(MAX_LINE + 1)
                if not line:
                    return
                if number > MAX_LINES:
                    raise BenchError(f"{path}: has more than {MAX_LINES:,} lines. Import the results of fewer examples at once.")
                if len(line) > MAX_LINE:
                    raise BenchError(f"{path}:{number}: is longer than {MAX_LINE // 2**20} MB. Leave this file out.")
                if line.strip():
                    yield parse_document(line, f"{path}:{number}")
    except OSError as error:
        raise BenchError(f"{path}: cannot be read: {error.strerror}") from None
