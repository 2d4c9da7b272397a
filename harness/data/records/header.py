"""Column names from the header of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.data.records.quoting import join_names, quote
from harness.errors import BenchError

MAX_COLUMNS = 20_000  # of a table: more are values that were mistaken for names


def check_column_count(count: int, location: str) -> None:
    """Check the number of columns of a table.

    Raises:
        BenchError: there are more than `MAX_COLUMNS`.
    """
    if count > MAX_COLUMNS:
        raise BenchError(f"{location}: more than {MAX_COLUMNS:,} columns. Keep those that the task needs, with one row per example")


def parse_header(cells: Sequence[object], location: str) -> tuple[str, ...]:
    """The column names of a header. A blank name, common for the index of a saved data frame, becomes "column N".

    Raises:
        BenchError: a name occurs more than once, or there are too many columns.
    """
    check_column_count(len(cells), location)
    columns = tuple(("" if cell is None else str(cell)).strip() or f"column {i}" for i, cell in enumerate(cells, 1))
    repeated = [column for column, count in Counter(columns).items() if count > 1]
    if repeated:
        raise BenchError(
            f"{location}: the header contains the column {join_names(quote(c) for c in repeated)} more than once. "
            f"Rename one of them. The columns are: {join_names(columns)}"
        )
    return columns
