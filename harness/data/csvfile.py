"""CSV with a header: the delimiter is found from the header, everything else follows RFC 4180.

The standard reader is used in its strict mode: in the lenient one, a quote that is never closed swallows the rest of the file
without a word.
"""

from __future__ import annotations

import csv
import io
from collections import Counter

from harness.data.records import BadRow, Record, listed, shown, unusable_text
from harness.errors import BenchError

DELIMITERS = (",", ";", "\t", "|")
LARGEST_CELL = 2**31 - 1  # the largest that fits a C long on every platform


def read_csv(text: str, name: str) -> tuple[tuple[str, ...], list[Record], list[BadRow]]:
    """The columns, the records (each cell verbatim) and the bad rows of a CSV text.

    Raises:
        BenchError: duplicate columns, a header only, a quote that is never closed.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST_CELL))
    delimiter = _delimiter(text)
    # newline="" keeps the line ends inside quoted cells as they are
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: tuple[str, ...] = ()
    records: list[Record] = []
    bad: list[BadRow] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            bad.append(_broken_quotes(error, name, line, reader.line_num, in_header=not columns))
            continue
        if not cells:
            continue
        if not columns:
            columns = _header(cells, name, line)
            continue
        if reason := _unusable(cells, columns, delimiter):
            bad.append(BadRow(name, line, reason))
        else:
            records.append(Record(name, line, dict(zip(columns, cells, strict=True))))
    if not records and not bad:
        raise BenchError(f"{name}: only a header ({listed(columns)}) and no rows")
    return columns, records, bad


def _delimiter(text: str) -> str:
    """The delimiter that cuts the header into most columns; a comma where there is a tie."""
    widths = {}
    for delimiter in DELIMITERS:
        # lenient: with the wrong delimiter a well-formed header looks malformed
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        widths[delimiter] = len(next((cells for cells in reader if cells), []))
    return max(DELIMITERS, key=lambda d: widths[d])


def _header(cells: list[str], name: str, line: int) -> tuple[str, ...]:
    # a column without a name is common (a saved data frame's index), so it gets one by its place
    columns = tuple(cell.strip() or f"column {i}" for i, cell in enumerate(cells, 1))
    twice = [column for column, n in Counter(columns).items() if n > 1]
    if twice:
        raise BenchError(
            f"{name}:{line}: the header names the column {listed(shown(c) for c in twice)} more than once. "
            f"Rename one of them; the columns are: {listed(columns)}"
        )
    return columns


def _unusable(cells: list[str], columns: tuple[str, ...], delimiter: str) -> str | None:
    if len(cells) != len(columns):
        amount = "more" if len(cells) > len(columns) else "fewer"
        shown_delimiter = {"\t": "tab"}.get(delimiter, f"'{delimiter}'")
        return (
            f"{len(cells)} cells, {amount} than the {len(columns)} columns of the header "
            f"(delimiter {shown_delimiter}; a cell that holds it needs double quotes around it)"
        )
    for column, cell in zip(columns, cells, strict=True):
        if reason := unusable_text(cell):
            return f"column '{column}' {reason}"
    return None


def _broken_quotes(error: csv.Error, name: str, start: int, end: int, *, in_header: bool) -> BadRow:
    """A bad row if it is one line long; otherwise nobody knows where the next record starts, and reading on would invent rows."""
    advice = 'a quote inside a quoted cell is written twice ("")'
    if "end of data" in str(error):
        raise BenchError(f"{name}:{start}: a double quote opens in the record that starts here and is never closed; {advice}")
    reason = f"broken quotes ({error}); {advice}"
    if end > start or in_header:
        raise BenchError(f"{name}:{start}: {reason}. The record runs to line {end}, so the rows behind it cannot be told apart")
    return BadRow(name, start, reason)
