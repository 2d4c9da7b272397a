"""Tab-separated values with a header. Whether double quotes enclose cells or are part of the text is decided for the file as a whole:

1. If every line has as many cells as the header when quotes are plain characters, quotes enclose cells (RFC 4180) only if no other
   reading is possible: every cell that contains a quote is enclosed in quotes with the inner ones doubled, and either each of these
   cells has inner quotes (a writer that quotes only where needed has no other reason here) or every non-numeric cell is enclosed.
2. If some line has another number of cells, quotes enclose cells if RFC 4180 then gives every record as many cells as the header.
3. Otherwise quotes are plain characters, as in the files of GLUE, and a line with another number of cells is a bad row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import islice

from harness.data.formats.csv_file import allow_large_cells, build_rows, parse_lines
from harness.data.formats.text_file import TextFile
from harness.data.records import TableRows

_ENCLOSED = re.compile(r'"(?:[^"]|"")*"')
_NUMBER = re.compile(r"[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?")


def read_tsv(file: TextFile, max_lines: int | None = None) -> TableRows:
    """The records and bad rows of a TSV file, in file order.

    Args:
        max_lines: the number of lines that decide about the quotes; None for all.

    Raises:
        BenchError: as `read_csv`.
    """
    allow_large_cells()
    if _quotes_enclose_cells(file, max_lines):
        return build_rows(parse_lines(file.lines(), "\t", file.name), "\t", file.name)
    return build_rows(_split_lines(file), "\t", file.name)


def _split_lines(file: TextFile) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(file.lines(), 1):
        if line.strip():
            yield number, line.rstrip("\r\n").split("\t")


def _quotes_enclose_cells(file: TextFile, max_lines: int | None) -> bool:
    has_bare_text = False  # a non-numeric cell without quotes
    has_quotes = False  # a cell with a quote
    has_undoubled = False  # an enclosed cell without inner quotes
    width = 0
    for line in islice(file.lines(), max_lines):
        if not line.strip():
            continue
        cells = line.rstrip("\r\n").split("\t")
        width = width or len(cells)
        if len(cells) != width:
            return _fits_rfc_4180(file, max_lines)
        if '"' not in line and has_bare_text:
            continue
        for cell in cells:
            if '"' not in cell:
                has_bare_text = has_bare_text or (bool(cell) and not _NUMBER.fullmatch(cell))
                continue
            has_quotes = True
            if not _ENCLOSED.fullmatch(cell):
                # the quote is text, unless the cell continues on the next line, which then has another number of cells
                return not _lines_have_width(file, width, max_lines) and _fits_rfc_4180(file, max_lines)
            has_undoubled = has_undoubled or '""' not in cell[1:-1]
    return has_quotes and (not has_undoubled or not has_bare_text)


def _lines_have_width(file: TextFile, width: int, max_lines: int | None) -> bool:
    """Whether every line has `width` cells when quotes are plain characters."""
    return all(line.count("\t") + 1 == width for line in islice(file.lines(), max_lines) if line.strip())


def _fits_rfc_4180(file: TextFile, max_lines: int | None) -> bool:
    """Whether every record has as many cells as the header when quotes enclose cells."""
    # the header itself may contain a quoted tab or line end, so its width is counted in this reading
    reader = csv.reader(islice(file.lines(), max_lines), delimiter="\t", strict=True)
    width = 0
    try:
        for cells in reader:
            if cells:
                width = width or len(cells)
                if len(cells) != width:
                    return False
    except csv.Error as error:
        # the scanned lines may end in the middle of a cell
        return max_lines is not None and "end of data" in str(error)
    return width > 0
