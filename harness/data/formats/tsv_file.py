"""Tab-separated values with a header. Whether double quotes enclose cells or are characters of the text, the file decides as a whole:

1. Where every line has the header's number of cells with quotes as plain characters, they enclose cells (RFC 4180) if they cannot be
   anything else: each cell that holds a quote is enclosed in quotes with the inner ones doubled, and either each of them has such
   inner quotes (whoever quotes only where it is needed has no other reason here) or every cell of the file that is no number is
   enclosed.
2. Where some line has another number of cells, they enclose cells if RFC 4180 then gives every record the header's number.
3. Otherwise they are plain characters, as in GLUE's files, and a line with another number of cells is a bad row.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import islice

from harness.data.formats.csv_file import allow_large_cells, cells_of, table_rows
from harness.data.formats.records import Rows
from harness.data.formats.text_file import TextFile

_ENCLOSED = re.compile(r'"(?:[^"]|"")*"')
_NUMBER = re.compile(r"[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?")


def read_tsv(file: TextFile, look_at: int | None = None) -> Rows:
    """The records of a .tsv file and its bad rows.

    Args:
        look_at: decide about the quotes from so many lines, instead of all.

    Raises:
        BenchError: as `read_csv` does.
    """
    allow_large_cells()
    if _quotes_enclose(file, look_at):
        return table_rows(cells_of(file.lines(), "\t", file.name), "\t", file.name)
    return table_rows(_plain(file), "\t", file.name)


def _plain(file: TextFile) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(file.lines(), 1):
        if line.strip():
            yield number, line.rstrip("\r\n").split("\t")


def _quotes_enclose(file: TextFile, look_at: int | None) -> bool:
    doubled = bare_text = False
    undoubled = quotes = False
    width = 0
    for line in islice(file.lines(), look_at):
        if not line.strip():
            continue
        cells = line.rstrip("\r\n").split("\t")
        width = width or len(cells)
        if len(cells) != width:
            return _fits_rfc_4180(file, look_at)
        if '"' not in line and bare_text:
            continue
        for cell in cells:
            if '"' not in cell:
                bare_text = bare_text or (bool(cell) and not _NUMBER.fullmatch(cell))
                continue
            quotes = True
            if not _ENCLOSED.fullmatch(cell):
                # a quote that is text; unless the cell goes on in the next line, which then has another number of cells
                return not _even(file, width, look_at) and _fits_rfc_4180(file, look_at)
            doubled, undoubled = doubled or '""' in cell[1:-1], undoubled or '""' not in cell[1:-1]
    return quotes and (not undoubled or not bare_text)


def _even(file: TextFile, width: int, look_at: int | None) -> bool:
    """Whether every line has the header's number of cells with quotes as plain characters."""
    return all(line.count("\t") + 1 == width for line in islice(file.lines(), look_at) if line.strip())


def _fits_rfc_4180(file: TextFile, look_at: int | None) -> bool:
    # the header may hold a quoted tab or line end, so the number is that of the header as this reading gives it
    reader = csv.reader(islice(file.lines(), look_at), delimiter="\t", strict=True)
    seen = 0
    try:
        for cells in reader:
            if cells:
                seen = seen or len(cells)
                if len(cells) != seen:
                    return False
    except csv.Error as error:
        # the lines looked at may end in the middle of a cell
        return look_at is not None and "end of data" in str(error)
    return seen > 0
