"""The format of a file whose name does not tell, from its first bytes."""

from __future__ import annotations

import codecs
import csv
import zipfile
from pathlib import Path

from harness.data.formats.csv_file import DELIMITERS, allow_large_cells
from harness.data.records import TEXT_ONLY, media_of_bytes
from harness.errors import BenchError

_HEAD = 2**16  # bytes that are looked at
_RECORDS = 50  # of these bytes, as a table
_COMPRESSED = ((b"\x1f\x8b", ".gz"), (b"BZh", ".bz2"), (b"\xfd7zXZ\0", ".xz"), (b"\x28\xb5\x2f\xfd", ".zst"))


def recognize_format(path: Path) -> str | None:
    """The extension that a file with this content should have: `.parquet`, `.xlsx`, `.json`, `.csv` or `.tsv`; None for any other.

    `.json` includes JSON Lines. A table is recognized by two records or more that all have the same number of cells, at least two.

    Raises:
        BenchError: the file is compressed, or holds images, audio or video.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PAR1"):
        return ".parquet"
    if media := media_of_bytes(head):
        raise BenchError(f"{path.name}: holds {media}. {TEXT_ONLY}")
    if head.startswith(b"PK\x03\x04"):
        return _recognize_zip(path)
    if extension := next((extension for magic, extension in _COMPRESSED if head.startswith(magic)), None):
        raise BenchError(f"{path.name}: is compressed. Rename it, so that its name tells what is inside: {path.name}.csv{extension}")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ".csv"  # the reader of text says how to convert it
    is_whole = len(head) < _HEAD
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head, final=is_whole)
    except UnicodeDecodeError:
        return None
    if text.lstrip()[:1] in ("{", "["):
        return ".json"
    return _recognize_table(text, is_whole=is_whole)


def _recognize_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            if "xl/workbook.xml" in archive.namelist():
                return ".xlsx"
    except (zipfile.BadZipFile, OSError, ValueError):
        pass
    raise BenchError(f"{path.name}: is a .zip archive. Rename it, so that its name tells what is inside: {path.name}.csv.zip")


def _recognize_table(text: str, *, is_whole: bool) -> str | None:
    """`.tsv` or `.csv` if every record has the same number of cells.

    Args:
        is_whole: whether the text is the whole file, so that its last record is complete.
    """
    if "\0" in text:
        return None
    allow_large_cells()
    lines = text.splitlines(keepends=True)
    if _is_table([line.rstrip("\r\n").split("\t") for line in lines if line.strip()], is_whole=is_whole):
        return ".tsv"
    for delimiter in ("\t", *(d for d in DELIMITERS if d != "\t")):
        try:
            records = [cells for cells in csv.reader(lines, delimiter=delimiter) if cells]
        except csv.Error:
            continue
        if _is_table(records, is_whole=is_whole):
            return ".tsv" if delimiter == "\t" else ".csv"
    return None


def _is_table(records: list[list[str]], *, is_whole: bool) -> bool:
    complete = (records if is_whole else records[:-1])[:_RECORDS]
    return len(complete) >= 2 and len(complete[0]) >= 2 and all(len(cells) == len(complete[0]) for cells in complete)
