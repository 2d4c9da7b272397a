"""Reading a returned file of any format into rows of one form.

A problem with one row is reported for this row; the other rows are read.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from harness.errors import BenchError, first_line
from harness.review.packets import Packet
from harness.review.rater_files.argilla_reader import is_argilla_file, read_argilla
from harness.review.rater_files.label_studio_reader import read_label_studio
from harness.review.rater_files.page_reader import FORMAT_FIELD, read_page_file
from harness.review.rater_files.returned_rows import ReturnedRow
from harness.review.rater_files.spreadsheet_reader import SPREADSHEETS, read_spreadsheet

_MAX_MIB = 256


@dataclass(frozen=True)
class ReturnedFile:
    """A returned file."""

    name: str
    sha256: str
    """Of its content, in hex."""
    format: Literal["html", "spreadsheet", "label-studio", "argilla"]
    rows: tuple[ReturnedRow, ...]
    rejected: tuple[str, ...]
    """The reason for each row that cannot be read."""


def read_returned_file(path: Path, packets: Mapping[str, Packet]) -> ReturnedFile:
    """Read a file of any format.

    Args:
        packets: the run's packets by id, which say what columns to look for.

    Raises:
        BenchError: the file cannot be read, or is not a file of a review.
    """
    content = _read_content(path)
    if path.suffix.lower() in SPREADSHEETS:
        with tempfile.TemporaryDirectory() as folder:
            return _collect(path, content, "spreadsheet", read_spreadsheet(_convert_to_utf8(path, content, Path(folder)), packets))
    value = _parse_json(path, content)
    if isinstance(value, dict) and FORMAT_FIELD in value:
        return _collect(path, content, "html", read_page_file(path.name, value), prefix=f"{path.name}: ")
    if isinstance(value, list) and is_argilla_file(value):
        return _collect(path, content, "argilla", read_argilla(path.name, value, packets), prefix=f"{path.name}: ")
    if isinstance(value, list):
        return _collect(path, content, "label-studio", read_label_studio(path.name, value, packets), prefix=f"{path.name}: ")
    raise BenchError(f"{path.name}: is neither a file saved by the rater's page nor an export of Label Studio or Argilla (a list).")


def _read_content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise BenchError(f"{path}: is a folder. Name the files in it." if path.is_dir() else f"{path}: no such file.")
        size = path.stat().st_size >> 20
        if size > _MAX_MIB:
            raise BenchError(f"{path.name}: has {size} MiB; a file of ratings may have at most {_MAX_MIB} MiB.")
        content = path.read_bytes()
    except OSError as error:
        raise BenchError(f"{path}: cannot be read: {error.strerror}.") from None
    if not content.strip():
        raise BenchError(f"{path.name}: is empty. Ask the rater to save and send it again.")
    return content


def _convert_to_utf8(path: Path, content: bytes, folder: Path) -> Path:
    """The file itself, or a copy of it in UTF-8: Excel saves CSV in Windows-1252 and "Unicode text" in UTF-16."""
    if path.suffix.lower() == ".xlsx":
        return path
    try:
        content.decode("utf-8")
        return path
    except UnicodeDecodeError:
        encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "cp1252"
    copy = folder / path.name
    copy.write_text(content.decode(encoding, "replace"), encoding="utf-8", newline="")
    return copy


def _parse_json(path: Path, content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except RecursionError:
        reason = "it is nested too deeply"
    except ValueError as error:
        reason = first_line(error)
    raise BenchError(f"{path.name}: is neither JSON nor a spreadsheet ({', '.join(SPREADSHEETS)}): {reason}.")


def _collect(
    path: Path,
    content: bytes,
    format_: Literal["html", "spreadsheet", "label-studio", "argilla"],
    entries: Iterator[ReturnedRow | str],
    prefix: str = "",
) -> ReturnedFile:
    rows: list[ReturnedRow] = []
    rejected: list[str] = []
    for entry in entries:
        if isinstance(entry, ReturnedRow):
            rows.append(entry)
        else:
            rejected.append(f"{prefix}{entry}")
    return ReturnedFile(path.name, sha256(content).hexdigest(), format_, tuple(rows), tuple(rejected))
