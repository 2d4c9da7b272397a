"""Writes rows as CSV, TSV or JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from harness.errors import BenchError, setting

WRITABLE = (".csv", ".tsv", ".jsonl")


def check_format(path: Path) -> None:
    """Check that rows can be written to a path.

    Raises:
        BenchError: its extension is not that of a format that can be written.
    """
    if path.suffix.lower() not in WRITABLE:
        raise BenchError(f"{setting('out', str(path))}: must end in {', '.join(WRITABLE[:-1])} or {WRITABLE[-1]}")


class ByteSink(Protocol):
    """What rows are written to."""

    def write(self, content: bytes, /) -> int:
        """Write bytes."""


class RowWriter:
    """Writes rows in the format of a path's extension. All rows of a table must have the columns of its first row.

    Args:
        file: takes the bytes.
    """

    def __init__(self, file: ByteSink, path: Path, name: str) -> None:
        self._file = file
        self._name = name
        self._format = path.suffix.lower()
        self._columns: list[str] = []

    def write(self, line: int, values: Mapping[str, Any]) -> None:
        """Write a row.

        Args:
            line: the row's line in the file that it comes from, for messages.

        Raises:
            BenchError: the row has a column that the first row lacks.
        """
        if self._format == ".jsonl":
            self._file.write(_encode_json(values))
            return
        if not self._columns:
            self._columns = list(values)
            self._file.write(self._encode_cells(self._columns))
        if new := [column for column in values if column not in self._columns]:
            raise BenchError(
                f"{self._name}:{line}: has {len(new)} columns that the first row lacks. Write to a .jsonl file, whose rows may differ"
            )
        self._file.write(self._encode_cells([_cell(values.get(column)) for column in self._columns]))

    def _encode_cells(self, cells: list[str]) -> bytes:
        text = io.StringIO()
        csv.writer(text, delimiter="\t" if self._format == ".tsv" else ",", lineterminator="\n").writerow(cells)
        return text.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _encode_json(values: Mapping[str, Any]) -> bytes:
    try:
        return (json.dumps(values, ensure_ascii=False, default=str) + "\n").encode()
    except UnicodeEncodeError:  # a lone surrogate
        return (json.dumps(values, default=str) + "\n").encode()
