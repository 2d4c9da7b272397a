"""CSV files with a header. The delimiter is detected from the header; everything else follows RFC 4180.

The standard library's reader runs in strict mode. In its lenient mode, a quote that is never closed silently swallows the rest of the file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from harness.data.formats.text_file import EMPTY_FILE, TextFile
from harness.data.records import BadRow, Record, TableRows, join_names, parse_header
from harness.errors import BenchError
from harness.text import plural

DELIMITERS = (",", ";", "\t", "|")
MAX_CELL_LENGTH = 2**26  # characters
MAX_HEADER_LINES = 1000
_EXCEL_DELIMITER_LINE = re.compile(r'"?sep=([^"\r\n])"?[\r\n]*', re.IGNORECASE)


def read_csv(file: TextFile) -> TableRows:
    """The records and bad rows of a CSV file, in file order. Cells are kept verbatim.

    Raises:
        BenchError: the file is empty, has only a header or duplicate columns, or a quote is never closed; and as `TextFile.lines`.
    """
    allow_large_cells()
    # a first line `sep=;` tells Excel the delimiter and is not the header
    excel_line = _EXCEL_DELIMITER_LINE.fullmatch(next(file.lines(), ""))
    skipped = 1 if excel_line else 0
    delimiter = excel_line.group(1) if excel_line else _detect_delimiter(file)
    lines = parse_lines(islice(file.lines(), skipped, None), delimiter, file.name, first_line=skipped + 1)
    return build_rows(lines, delimiter, file.name)


def allow_large_cells() -> None:
    """Raise the standard library's limit of 128 KiB per cell to `MAX_CELL_LENGTH`."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL_LENGTH))


def parse_lines(lines: Iterator[str], delimiter: str, name: str, *, first_line: int = 1) -> Iterator[tuple[int, list[str]] | BadRow]:
    """The cells of each record with the physical line where it starts. A one-line record with broken quotes is a bad row.

    Args:
        first_line: the line number of the first of `lines` in its file.

    Raises:
        BenchError: broken quotes after which the next record cannot be found.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    in_header = True
    while True:
        line = first_line + reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _broken_quotes(error, name, line, first_line + reader.line_num - 1, in_header=in_header)
            continue
        if cells and not (in_header and cells == [cells[0]] and not cells[0].strip()):
            in_header = False
            yield line, cells


def build_rows(lines: Iterable[tuple[int, list[str]] | BadRow], delimiter: str, name: str) -> TableRows:
    """Records from lines of cells, of which the first is the header.

    Raises:
        BenchError: no header, no rows, or duplicate columns.
    """
    columns: tuple[str, ...] = ()
    rows = 0
    for item in lines:
        if isinstance(item, BadRow):
            rows += 1
            yield item
            continue
        line, cells = item
        if not columns:
            columns = parse_header(cells, f"{name}:{line}")
            continue
        rows += 1
        if reason := _check_cells(cells, columns, delimiter):
            yield BadRow(f"{name}:{line}", reason)
        else:
            yield Record(line, dict(zip(columns, cells, strict=True)))
    if not columns:
        raise BenchError(f"{name}: {EMPTY_FILE}")
    if not rows:
        raise BenchError(f"{name}: the file has a header ({join_names(columns)}) but no rows")


def _detect_delimiter(file: TextFile) -> str:
    """The delimiter that splits the header into most columns; the comma wins ties."""
    head = list(islice(file.lines(), MAX_HEADER_LINES))
    widths = {}
    for delimiter in DELIMITERS:
        # lenient: with the wrong delimiter, a well-formed header looks malformed
        reader = csv.reader(iter(head), delimiter=delimiter)
        widths[delimiter] = len(next((cells for cells in reader if cells), []))
    return max(DELIMITERS, key=lambda d: widths[d])


def _check_cells(cells: list[str], columns: tuple[str, ...], delimiter: str) -> str | None:
    """Why a row cannot be used, or None."""
    if len(cells) != len(columns):
        amount = "more" if len(cells) > len(columns) else "fewer"
        delimiter_name = {"\t": "tab"}.get(delimiter, f"'{delimiter}'")
        return (
            f"{plural(len(cells), 'cell')}, {amount} than the {len(columns)} columns of the header "
            f"(delimiter: {delimiter_name}; a cell that contains it needs double quotes)"
        )
    for column, cell in zip(columns, cells, strict=True):
        if "\0" in cell:
            return f"column '{column}' contains a NUL character"
    return None


def _broken_quotes(error: csv.Error, name: str, start: int, end: int, *, in_header: bool) -> BadRow:
    """A bad row if the record takes up one line.

    Raises:
        BenchError: the record takes up several lines. Where the next record starts is then unknown, and reading on would invent rows.
    """
    advice = 'Inside a quoted cell, write a quote twice ("")'
    if "end of data" in str(error):
        raise BenchError(f"{name}:{start}: a double quote opens in the record that starts here and is never closed. {advice}")
    if "field limit" in str(error):
        raise BenchError(
            f"{name}:{start}: the record that starts here has a cell of more than {MAX_CELL_LENGTH} characters. "
            f"Check for a double quote that is never closed. {advice}"
        )
    reason = f"broken quotes ({error}). {advice}"
    if end > start or in_header:
        raise BenchError(f"{name}:{start}: {reason}. The record ends at line {end}, so the rows after it cannot be separated")
    return BadRow(f"{name}:{start}", reason)
