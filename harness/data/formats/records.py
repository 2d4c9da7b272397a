"""What a reader gives: records with the place they were read from, and the rows that could not be used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Any

from harness.errors import BenchError, did_you_mean, setting

SHOWN_BAD_ROWS = 5
KEPT_BAD_ROWS = 300
SHOWN_NAMES = 20


class BadRowError(Exception):
    """Why a row cannot be used; `quoted` is the part of the message that quotes the row."""

    def __init__(self, reason: str, quoted: str = "") -> None:
        super().__init__(reason)
        self.quoted = quoted


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a table. `line` is the physical line where it starts, counted from 1 with the header, or the number of the row."""

    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A record that cannot be used, where it stands and why; `quoted` is the part of the reason that quotes the record."""

    place: str
    reason: str
    quoted: str = ""

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"

    def without_value(self) -> str:
        """The place and the reason without what stood there: a run's folder is mailed, and must not hold rows that are not test rows."""
        reason = self.reason.replace(self.quoted, "…") if self.quoted else self.reason
        return f"{self.place}: {reason}"


Rows = Iterator[Record | BadRow]


@dataclass(frozen=True)
class Stream:
    """A table that can be read from its start as often as needed, without being in memory as a whole.

    `rows` starts anew at each call; whatever is wrong with the whole table is a BenchError on the way. `where` says how a place in the
    table is called. `sha256` reads all bytes that the table is made of. `head` is there where `rows` reads to the end before it
    gives its first row: it looks at so many lines only.
    """

    name: str
    rows: Callable[[], Rows]
    sha256: Callable[[], str]
    where: str = "{name}:{line}"
    head: Callable[[int], Rows] | None = None

    def first(self, rows: int) -> Rows:
        """So many rows from the start, without reading the rest."""
        return islice(self.rows() if self.head is None else self.head(rows + 1), rows)

    def place(self, line: int) -> str:
        """A place as messages call it: `visits.csv:17`, `notes.parquet: row 17`."""
        return self.where.format(name=self.name, line=line)


@dataclass(frozen=True)
class Table:
    """The first rows of a table: the names of its columns in their order, its records, its bad rows."""

    name: str
    columns: tuple[str, ...]
    records: Sequence[Record]
    bad: Sequence[BadRow]


class BadRows:
    """The bad rows of all files of a task: every one is counted, the first few hundred are kept."""

    def __init__(self) -> None:
        self.kept: list[BadRow] = []
        self.count = 0

    def add(self, row: BadRow) -> None:
        """Counts a row, and keeps it if there is room."""
        self.count += 1
        if self.full:
            return
        self.kept.append(row)

    @property
    def full(self) -> bool:
        """Whether a further row would only be counted."""
        return len(self.kept) >= KEPT_BAD_ROWS

    def back_to(self, count: int) -> None:
        """Forgets all rows after the first `count`: a file is read anew."""
        self.count = count
        del self.kept[count:]

    def error(self, advice: str = f"Correct them, or skip them with {setting('skip_bad_rows')}.") -> BenchError:
        """The first few by place and reason, then how many more, then what to do."""
        lines = [f"{self.count} bad row{'s' if self.count != 1 else ''}:"]
        lines += [f"  {row}" for row in self.kept[:SHOWN_BAD_ROWS]]
        if self.count > SHOWN_BAD_ROWS:
            lines.append(f"  and {self.count - SHOWN_BAD_ROWS} more")
        lines.append(advice)
        return BenchError("\n".join(lines))

    def told(self) -> tuple[str, ...]:
        """A line a row that is kept, without the row's values, and a line for the others."""
        rest = self.count - len(self.kept)
        return (*(row.without_value() for row in self.kept), *([f"and {rest} more bad rows"] if rest else []))


def shown(value: object, most: int = 60) -> str:
    """A value as an error message quotes it: on one line and cut."""
    text = " ".join(str(value)[: 20 * most].split())
    return f"'{text}'" if len(text) <= most else f"'{text[: most - 1]}…'"


def listed(names: Iterable[str]) -> str:
    """Names behind commas, cut after the first twenty."""
    every = list(names)
    rest = f" and {len(every) - SHOWN_NAMES} more" if len(every) > SHOWN_NAMES else ""
    return ", ".join(every[:SHOWN_NAMES]) + rest


def closest(name: str, known: Sequence[str]) -> str:
    """`did_you_mean` for lists that may be long: the near names, or the first twenty when none is near."""
    near = get_close_matches(name, known, n=2, cutoff=0.6)
    return did_you_mean(name, near or known[:SHOWN_NAMES])


def unusable_text(value: object) -> str | None:
    """Why a value holds text that no tokenizer and no UTF-8 file can take, or None. Looks into lists and objects as well."""
    waiting = [value]  # no recursion: values may be nested as deep as the parser goes
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if reason := _unusable(item):
                return reason
        elif isinstance(item, Mapping):
            waiting += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            waiting += item
    return None


def _unusable(text: str) -> str | None:
    if "\0" in text:
        return "holds a NUL character"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"holds a lone surrogate (\\u{ord(text[error.start]):04x}): half of a character outside the basic plane"
    return None


def distinct_columns(cells: Sequence[object], place: str) -> tuple[str, ...]:
    """The names in a header. A column without one is common (a saved data frame's index), so it gets one by its place.

    Raises:
        BenchError: a name stands there twice.
    """
    columns = tuple(("" if cell is None else str(cell)).strip() or f"column {i}" for i, cell in enumerate(cells, 1))
    twice = [column for column in dict.fromkeys(columns) if columns.count(column) > 1]
    if twice:
        raise BenchError(
            f"{place}: the header names the column {listed(shown(c) for c in twice)} more than once. "
            f"Rename one of them; the columns are: {listed(columns)}"
        )
    return columns
