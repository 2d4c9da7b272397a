"""CSV with a header: the delimiter is found from the header, everything else follows RFC 4180.

The standard reader is used in its strict mode: in the lenient one, a quote that is never closed swallows the rest of the file
without a word.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from harness.data.formats.records import BadRow, Record, Rows, distinct_columns, listed
from harness.data.formats.text_file import EMPTY, TextFile
from harness.errors import BenchError

DELIMITERS = (",", ";", "\t", "|")
LARGEST_CELL = 2**26  # characters
HEADER_LINES = 1000  # a header is looked for in so many lines
_EXCELS_LINE = re.compile(r'"?sep=([^"\r\n])"?[\r\n]*', re.IGNORECASE)


def read_csv(file: TextFile) -> Rows:
    """The records of a CSV file, each cell verbatim, and its bad rows, in their order.

    Raises:
        BenchError: empty, duplicate columns, a header only, a quote that is never closed; and as `TextFile.lines` does.
    """
    allow_large_cells()
    # a first line `sep=;` tells Excel the delimiter, and is no header
    said = _EXCELS_LINE.fullmatch(next(file.lines(), ""))
    above = 1 if said else 0
    delimiter = said.group(1) if said else _delimiter(file)
    cells = cells_of(islice(file.lines(), above, None), delimiter, file.name, above=above)
    return table_rows(cells, delimiter, file.name)


def allow_large_cells() -> None:
    """Raises the limit of the standard library (128 KiB a cell) to ours."""
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST_CELL))


def table_rows(lines: Iterable[tuple[int, list[str]] | BadRow], delimiter: str, name: str) -> Rows:
    """From cells with their line to records: the first are the header. Raises as `read_csv` does."""
    columns: tuple[str, ...] = ()
    rows = 0
    for item in lines:
        if isinstance(item, BadRow):
            rows += 1
            yield item
            continue
        line, cells = item
        if not columns:
            columns = distinct_columns(cells, f"{name}:{line}")
            continue
        rows += 1
        if reason := _unusable(cells, columns, delimiter):
            yield BadRow(f"{name}:{line}", reason)
        else:
            yield Record(line, dict(zip(columns, cells, strict=True)))
    if not columns:
        raise BenchError(f"{name}: {EMPTY}")
    if not rows:
        raise BenchError(f"{name}: only a header ({listed(columns)}) and no rows")


def cells_of(lines: Iterator[str], delimiter: str, name: str, *, above: int = 0) -> Iterator[tuple[int, list[str]] | BadRow]:
    """The cells of each record with the physical line that it starts at; a record of one line with broken quotes is a bad row.

    Args:
        above: how many lines of the file stand above `lines`.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    in_header = True
    while True:
        line = above + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _broken_quotes(error, name, line, above + reader.line_num, in_header=in_header)
            continue
        if cells and not (in_header and cells == [cells[0]] and not cells[0].strip()):
            in_header = False
            yield line, cells


def _delimiter(file: TextFile) -> str:
    """The delimiter that cuts the header into most columns; a comma where there is a tie."""
    head = list(islice(file.lines(), HEADER_LINES))
    widths = {}
    for delimiter in DELIMITERS:
        # lenient: with the wrong delimiter a well-formed header looks malformed
        reader = csv.reader(iter(head), delimiter=delimiter)
        widths[delimiter] = len(next((cells for cells in reader if cells), []))
    return max(DELIMITERS, key=lambda d: widths[d])


def _unusable(cells: list[str], columns: tuple[str, ...], delimiter: str) -> str | None:
    if len(cells) != len(columns):
        amount = "more" if len(cells) > len(columns) else "fewer"
        shown_delimiter = {"\t": "tab"}.get(delimiter, f"'{delimiter}'")
        return (
            f"{len(cells)} cells, {amount} than the {len(columns)} columns of the header "
            f"(delimiter {shown_delimiter}; a cell that holds it needs double quotes around it)"
        )
    for column, cell in zip(columns, cells, strict=True):
        if "\0" in cell:
            return f"column '{column}' holds a NUL character"
    return None


def _broken_quotes(error: csv.Error, name: str, start: int, end: int, *, in_header: bool) -> BadRow:
    """A bad row if it is one line long; otherwise nobody knows where the next record starts, and reading on would invent rows."""
    advice = 'a quote inside a quoted cell is written twice ("")'
    if "end of data" in str(error):
        raise BenchError(f"{name}:{start}: a double quote opens in the record that starts here and is never closed; {advice}")
    if "field limit" in str(error):
        raise BenchError(
            f"{name}:{start}: the record that starts here has a cell of more than {LARGEST_CELL} characters. "
            f"Is a double quote never closed? {advice}"
        )
    reason = f"broken quotes ({error}); {advice}"
    if end > start or in_header:
        raise BenchError(f"{name}:{start}: {reason}. The record runs to line {end}, so the rows behind it cannot be told apart")
    return BadRow(f"{name}:{start}", reason)
