"""From a path to a `Table`: finds the file, decodes it and hands it to the reader of its extension."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from harness.data.csvfile import read_csv
from harness.data.jsonl import read_jsonl
from harness.data.records import BadRow, Record, Table, closest, shown
from harness.errors import BenchError

Reader = Callable[[str, str], tuple[tuple[str, ...], list[Record], list[BadRow]]]

READERS: dict[str, Reader] = {".csv": read_csv, ".jsonl": read_jsonl, ".ndjson": read_jsonl}
ADVICE = {
    ".json": "write one object a line, for a list of objects with: jq -c '.[]' IN.json > OUT.jsonl",
    ".tsv": "rename it to .csv (tabs are found from the header)",
    ".txt": "if it is a table with a header, rename it to .csv (the delimiter is found from the header)",
    ".gz": "unpack it first",
    ".zip": "unpack it first",
    ".xlsx": "save it as 'CSV UTF-8'",
    ".xls": "save it as 'CSV UTF-8'",
    ".parquet": "export it as CSV or JSONL",
}
BOM = b"\xef\xbb\xbf"


def read_table(path: Path) -> Table:
    """Reads a CSV (.csv) or JSONL (.jsonl, .ndjson) file.

    Raises:
        BenchError: no such file, a folder, an extension that is not known, not readable, not UTF-8, empty, or without a row.
    """
    extension = path.suffix.lower()
    try:
        if path.is_dir():
            raise BenchError(f"{path}: is a folder, not a file.{_data_files(path, '')}")
        if not path.exists():
            raise BenchError(f"{path}: no such file.{_data_files(path.parent, path.name)}")
        if extension not in READERS:
            what = f"extension '{extension}' is not known" if extension else "the file has no extension"
            advice = f": {ADVICE[extension]}" if extension in ADVICE else ""
            raise BenchError(f"{path.name}: {what}; files are read as {', '.join(READERS)}{advice}")
        data = path.read_bytes()
    except OSError as error:
        raise BenchError(f"{shown(path.name)}: cannot be read ({error.strerror})") from None
    text = _decode(data, path.name)
    if not text.strip():
        raise BenchError(f"{path.name}: the file is empty; it needs rows with inputs and targets")
    columns, records, bad = READERS[extension](text, path.name)
    return Table(path.name, columns, records, bad, hashlib.sha256(data).hexdigest())


def _decode(data: bytes, name: str) -> str:
    """UTF-8 with or without a byte order mark; nothing is guessed, since a wrong guess would garble every text silently."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise BenchError(f"{name}:1: not UTF-8 but UTF-16 (byte offset 0). Convert it: iconv -f UTF-16 -t UTF-8 {name} > utf8-{name}")
    start = len(BOM) if data.startswith(BOM) else 0
    try:
        return data[start:].decode("utf-8")
    except UnicodeDecodeError as error:
        offset = start + error.start
        line = data.count(b"\n", 0, offset) + 1
        raise BenchError(
            f"{name}:{line}: not UTF-8 at byte offset {offset} (byte 0x{data[offset]:02x}). "
            f"Convert it, if it is from an older Windows with: iconv -f WINDOWS-1252 -t UTF-8 {name} > utf8-{name}"
        ) from None


def _data_files(folder: Path, name: str) -> str:
    """A hint: the files of the folder that could be meant."""
    try:
        names = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in READERS and p.is_file())
    except OSError:
        return f" The folder {folder} does not exist or cannot be read."
    if not names:
        return f" The folder {folder} holds no file of the kinds {', '.join(READERS)}."
    return closest(name, names)
