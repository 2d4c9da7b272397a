"""What a reader gives: records with the place they were read from, and the rows that could not be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from harness.errors import BenchError, did_you_mean

SHOWN_BAD_ROWS = 5
SHOWN_NAMES = 20


class BadRowError(Exception):
    """Why a row cannot be used; `quoted` is the part of the message that quotes the row."""

    def __init__(self, reason: str, quoted: str = "") -> None:
        super().__init__(reason)
        self.quoted = quoted


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file. `line` is the physical line where it starts, counted from 1 with the header."""

    file: str
    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A record that cannot be used, and why; `quoted` is the part of the reason that quotes the record."""

    file: str
    line: int
    reason: str
    quoted: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"

    def without_value(self) -> str:
        """The place and the reason without what stood there: a run's folder is mailed, and must not hold rows that are not test rows."""
        reason = self.reason.replace(self.quoted, "…") if self.quoted else self.reason
        return f"{self.file}:{self.line}: {reason}"


@dataclass(frozen=True)
class Table:
    """One file as read: the names of its columns in their order, its records, its bad rows, and the sha256 of its bytes."""

    name: str
    columns: tuple[str, ...]
    records: Sequence[Record]
    bad: Sequence[BadRow]
    sha256: str


def bad_rows_error(bad: Sequence[BadRow]) -> BenchError:
    """All bad rows of all files as one error: the first few by place and reason, then how many more."""
    lines = [f"{len(bad)} bad row{'s' if len(bad) != 1 else ''}:"]
    lines += [f"  {row}" for row in bad[:SHOWN_BAD_ROWS]]
    if len(bad) > SHOWN_BAD_ROWS:
        lines.append(f"  and {len(bad) - SHOWN_BAD_ROWS} more")
    lines.append("Correct them; --skip-bad-rows goes on without them.")
    return BenchError("\n".join(lines))


def shown(value: object, most: int = 60) -> str:
    """A value as an error message quotes it: on one line and cut."""
    text = " ".join(str(value).split())
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
    if isinstance(value, str):
        if "\0" in value:
            return "holds a NUL character"
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            return f"holds a lone surrogate (\\u{ord(value[error.start]):04x}): half of a character outside the basic plane"
        return None
    if isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        return next((reason for item in value if (reason := unusable_text(item))), None)
    return None
