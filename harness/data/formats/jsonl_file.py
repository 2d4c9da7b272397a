"""JSON Lines: one object per line."""

from __future__ import annotations

from harness.data.formats.strict_json import decode_object
from harness.data.formats.text_file import EMPTY_FILE, TextFile
from harness.data.records import BadRow, BadRowError, Record, TableRows
from harness.errors import BenchError


def read_jsonl(file: TextFile) -> TableRows:
    """The records and bad rows of a JSON Lines file, in file order.

    Raises:
        BenchError: the file is empty, or holds one JSON document instead of lines; and as `TextFile.lines`.
    """
    rows = 0
    list_line = 0  # the line of a list that may be the whole document
    # split at "\n" only: JSON allows other line ends between its tokens, and U+2028 inside strings
    for number, line in enumerate(file.lines("\n"), 1):
        text = line.strip()
        if not text:
            continue
        rows += 1
        if rows == 1 and text in ("{", "["):
            raise _one_document(file.name, number, text)
        if rows == 1 and text[0] == "[":
            list_line = number
        try:
            yield Record(number, decode_object(line))
        except BadRowError as error:
            yield BadRow(f"{file.name}:{number}", str(error), error.excerpt)
    if not rows:
        raise BenchError(f"{file.name}: {EMPTY_FILE}")
    if list_line and rows == 1:
        raise _one_document(file.name, list_line, "[")


def _one_document(name: str, line: int, start: str) -> BenchError:
    jq_filter = ".[]" if start == "[" else "."
    return BenchError(
        f"{name}:{line}: the file is one JSON document, but each line must be an object. "
        f"Rename it to .json, or convert it: jq -c '{jq_filter}' {name} > lines-{name}"
    )
