"""Plain text of which each line is one input."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from harness.data.formats.text_file import EMPTY_FILE, TextFile, hash_content
from harness.data.records import BadRow, BadRowError, Record, Table, TableRows, check_texts
from harness.errors import BenchError


def open_lines(path: Path, line_input: str) -> Table:
    """A file of plain text, compressed or not, as a table with the one column `line_input`. Empty lines are skipped.

    Raises:
        BenchError: there is no such file, or it is no regular file.
    """
    if not path.is_file():
        raise BenchError(f"{path}: {'is not a regular file' if path.exists() else 'no such file'}")
    return Table(path.name, partial(_read_lines, TextFile(path, path.name), line_input), partial(hash_content, path))


def text_record(line_input: str, number: int, line: str) -> Record:
    """The record of one line.

    Raises:
        BadRowError: the text contains characters that no text may contain.
    """
    values = {line_input: line.rstrip("\r\n")}
    check_texts(values)
    return Record(number, values)


def _read_lines(file: TextFile, line_input: str) -> TableRows:
    is_empty = True
    for number, line in enumerate(file.lines("\n"), 1):
        if not line.strip():
            continue
        is_empty = False
        try:
            yield text_record(line_input, number, line)
        except BadRowError as error:
            yield BadRow(f"{file.name}:{number}", str(error), error.excerpt)
    if is_empty:
        raise BenchError(f"{file.name}: {EMPTY_FILE}")
