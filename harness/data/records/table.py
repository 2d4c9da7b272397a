"""Tables: a re-readable source of records, and the preview of its first rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

from harness.data.records.bad_rows import BadRow


@dataclass(frozen=True, slots=True)
class Record:
    """One usable record of a table.

    Attributes:
        line: the physical line where the record starts, counted from 1 with the header; in formats without lines, the row number.
        values: cell values by column name.
    """

    line: int
    values: Mapping[str, Any]


TableRows: TypeAlias = Iterator[Record | BadRow]


@dataclass(frozen=True)
class Table:
    """A table that can be read from the start any number of times without being held in memory.

    Attributes:
        name: the table's name in messages, usually the file name.
        rows: starts a new pass over the table. Defects of the whole table raise `BenchError` during the pass.
        sha256: the digest of all bytes that the table consists of.
        location_format: how messages name a line, with the fields `name` and `line`.
        read_head: set if `rows` scans the whole file before its first row; takes the number of lines to scan instead.
    """

    name: str
    rows: Callable[[], TableRows]
    sha256: Callable[[], str]
    location_format: str = "{name}:{line}"
    read_head: Callable[[int], TableRows] | None = None

    def head(self, count: int) -> TableRows:
        """The first `count` rows, without reading the rest."""
        return islice(self.rows() if self.read_head is None else self.read_head(count + 1), count)

    def location(self, line: int) -> str:
        """A line as messages name it: `visits.csv:17`, `notes.parquet: row 17`."""
        return self.location_format.format(name=self.name, line=line)


@dataclass(frozen=True)
class Preview:
    """The first rows of one or several tables.

    Attributes:
        columns: in order of appearance.
        is_complete: whether these are all rows.
    """

    name: str
    columns: tuple[str, ...]
    records: Sequence[Record]
    bad_rows: Sequence[BadRow]
    is_complete: bool = False
