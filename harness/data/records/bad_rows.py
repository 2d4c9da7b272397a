"""Rows that cannot be used: why, where, and how they are reported."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import BenchError, setting

SHOWN_BAD_ROWS = 5
KEPT_BAD_ROWS = 300


class BadRowError(Exception):
    """Why a row cannot be used.

    Args:
        reason: the message, without the location.
        excerpt: the part of `reason` that quotes the row's content.
    """

    def __init__(self, reason: str, excerpt: str = "") -> None:
        super().__init__(reason)
        self.excerpt = excerpt


class EmptyCellError(BadRowError):
    """A row lacks what it needs: its target, an input, its group."""


def is_pair(better: str, worse: str) -> bool:
    """Whether two answers differ in more than white space around them: from equal ones, no preference can be learned."""
    return better.strip() != worse.strip()


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used.

    Attributes:
        location: file and line, as messages name them.
        reason: why the row cannot be used.
        excerpt: the part of `reason` that quotes the row's content.
    """

    location: str
    reason: str
    excerpt: str = ""

    def __str__(self) -> str:
        return f"{self.location}: {self.reason}"

    def redacted(self) -> str:
        """Location and reason without the quoted content: run folders are shared and must not contain rows other than test examples."""
        reason = self.reason.replace(self.excerpt, "…") if self.excerpt else self.reason
        return f"{self.location}: {reason}"


class BadRows:
    """The bad rows of all files of a task. All are counted; the first few hundred are kept."""

    def __init__(self) -> None:
        self.kept: list[BadRow] = []
        self.count = 0

    @property
    def is_full(self) -> bool:
        """Whether another row would be counted but not kept."""
        return len(self.kept) >= KEPT_BAD_ROWS

    def add(self, row: BadRow) -> None:
        """Count a row, and keep it if there is room."""
        self.count += 1
        if not self.is_full:
            self.kept.append(row)

    def truncate(self, count: int) -> None:
        """Drop all rows after the first `count`, before a file is read again."""
        self.count = count
        del self.kept[count:]

    def to_error(self, advice: str = f"Correct them, or skip them with {setting('skip_bad_rows')}.") -> BenchError:
        """The error that lists the first bad rows, says how many more there are, and ends with the advice."""
        lines = [f"{self.count} bad row{'s' if self.count != 1 else ''}:"]
        lines += [f"  {row}" for row in self.kept[:SHOWN_BAD_ROWS]]
        if self.count > SHOWN_BAD_ROWS:
            lines.append(f"  and {self.count - SHOWN_BAD_ROWS} more")
        lines.append(advice)
        return BenchError("\n".join(lines))

    def report_lines(self) -> tuple[str, ...]:
        """One redacted line for each row that is kept, and one line with the number of the others."""
        dropped = self.count - len(self.kept)
        return (*(row.redacted() for row in self.kept), *([f"and {dropped} more bad rows"] if dropped else []))
