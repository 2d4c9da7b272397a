"""From a path to a `Stream`: finds the file, and the reader that its extension asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from harness.data.formats.arrow import WHERE as ROW
from harness.data.formats.arrow import read_parquet
from harness.data.formats.csv_file import read_csv
from harness.data.formats.json_file import WHERE as ITEM
from harness.data.formats.json_file import is_lines, read_json
from harness.data.formats.jsonl import read_jsonl
from harness.data.formats.records import BadRow, Record, Rows, Stream, Table, closest, listed, shown
from harness.data.formats.saved_datasets import Saved, is_saved, saved_folder
from harness.data.formats.text_file import COMPRESSED, TextFile
from harness.data.formats.tsv_file import read_tsv
from harness.data.formats.xlsx import WHERE as SHEET_ROW
from harness.data.formats.xlsx import read_xlsx
from harness.errors import BenchError

_TEXT: dict[str, Callable[[TextFile], Rows]] = {
    ".csv": read_csv, ".tsv": read_tsv, ".jsonl": read_jsonl, ".ndjson": read_jsonl, ".json": read_json,
}  # fmt: skip
_BINARY: dict[str, tuple[Callable[[Path, str], Rows], str]] = {".parquet": (read_parquet, ROW), ".xlsx": (read_xlsx, SHEET_ROW)}

READABLE = (*_TEXT, *_BINARY)
_ADVICE = {
    ".txt": "if it is a table with a header, rename it to .csv (the delimiter is found from the header) or .tsv",
    ".xls": "open it in a spreadsheet program and save it as .xlsx",
    ".xlsb": "open it in a spreadsheet program and save it as .xlsx",
    ".ods": "open it in a spreadsheet program and save it as .xlsx",
    ".arrow": "name the folder that datasets saved it in, or export it as .parquet",
    ".tar": "unpack it and name the file",
    ".tgz": "unpack it and name the file",
    ".7z": "unpack it and name the file",
}


def open_data(path: Path) -> Stream | Saved:
    """What lies at a path: one table, or a data set with splits of its own (a folder that `datasets` saved).

    Raises:
        BenchError: nothing there, another folder, an extension that is not known, not readable. Whatever is wrong inside is raised
            when the rows are read.
    """
    try:
        if path.is_dir():
            if is_saved(path):
                return saved_folder(path)
            raise BenchError(f"{path}: is a folder, and not one that datasets saved. Name a file.{_data_files(path, '')}")
        if not path.exists():
            raise BenchError(f"{path}: no such file.{_data_files(path.parent, path.name)}")
        return _open_file(path)
    except OSError as error:
        raise BenchError(f"{shown(path.name)}: cannot be read ({error.strerror})") from None


def open_table(path: Path) -> Stream:
    """As `open_data`, for what must be one table.

    Raises:
        BenchError: as `open_data` does, and for a folder with several splits.
    """
    found = open_data(path)
    if isinstance(found, Stream):
        return found
    if len(found.splits) == 1:
        return next(iter(found.splits.values()))
    one = next(iter(found.splits))
    raise BenchError(f"{path.name}: the folder holds the splits {listed(found.splits)}. Name the folder of one: {path / one}")


def peek(path: Path, rows: int = 2000) -> Table:
    """The first rows of a file, or of a folder that `datasets` saved (of its training split), without reading the rest.

    A .json document is parsed as a whole.

    Raises:
        BenchError: as `open_data` does, and what the reader of the file raises on these rows.
    """
    found = open_data(path)
    if not isinstance(found, Stream):
        found = found.splits.get("train") or next(iter(found.splits.values()))
    records: list[Record] = []
    bad: list[BadRow] = []
    columns: dict[str, None] = {}
    for item in found.first(rows):
        if isinstance(item, BadRow):
            bad.append(item)
        else:
            records.append(item)
            columns.update(dict.fromkeys(item.values))
    return Table(found.name, tuple(columns), records, bad)


def _open_file(path: Path) -> Stream:
    if not path.is_file():
        raise BenchError(f"{path}: is no regular file. Files are read more than once, which a pipe cannot be: write it to a file first")
    with path.open("rb"):  # whether it may be read at all
        pass
    extension = path.suffix.lower()
    digest = partial(_sha256, path)
    if extension in _BINARY:
        read, where = _BINARY[extension]
        return Stream(path.name, partial(read, path, path.name), digest, where)
    file = TextFile(path, path.name)
    if extension in COMPRESSED:
        extension = _inner_extension(file)
    if extension not in _TEXT:
        raise BenchError(_unknown(path, extension))
    if extension == ".json" and not is_lines(file):
        return Stream(path.name, partial(read_json, file), digest, ITEM)
    read_text = read_jsonl if extension == ".json" else _TEXT[extension]
    return Stream(path.name, partial(read_text, file), digest, head=partial(read_tsv, file) if read_text is read_tsv else None)


def _inner_extension(file: TextFile) -> str:
    """Of `data.csv.gz` .csv; of an archive whose own name says nothing, that of the file in it."""
    extension = Path(file.path.stem).suffix.lower()
    if file.path.suffix.lower() == ".zip" and extension not in READABLE:
        return Path(file.member).suffix.lower()
    return extension


def _unknown(path: Path, extension: str) -> str:
    if extension != path.suffix.lower():  # compressed
        if extension in _BINARY:
            return f"{path.name}: a {extension} file is compressed already, and read as it is: unpack it first"
        what = f"what is packed ends in '{extension}', which is not known" if extension else "the name does not say what is packed"
        return f"{path.name}: {what}; compressed files are read as {', '.join(_TEXT)}: data.csv.gz"
    what = f"extension '{extension}' is not known" if extension else "the file has no extension"
    advice = f": {_ADVICE[extension]}" if extension in _ADVICE else ""
    return f"{path.name}: {what}; files are read as {', '.join(READABLE)}{advice}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _data_files(folder: Path, name: str) -> str:
    """A hint: the files of the folder that could be meant."""
    try:
        names = sorted(p.name for p in folder.iterdir() if _is_readable(p) and p.is_file())
    except OSError:
        return f" The folder {folder} does not exist or cannot be read."
    if not names:
        return f" The folder {folder} holds no file of the kinds {', '.join(READABLE)}."
    return closest(name, names)


def _is_readable(path: Path) -> bool:
    """Whether a name ends as those of data files do: `a.csv`, `a.csv.gz`, not `a.csv.yaml`."""
    packed = path.suffix.lower() in COMPRESSED
    return Path(path.stem).suffix.lower() in _TEXT if packed else path.suffix.lower() in READABLE
