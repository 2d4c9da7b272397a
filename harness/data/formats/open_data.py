"""From a path to a `Table`: the file's extension picks the reader, or its content where the name does not tell."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

from harness.data.formats.arrow_rows import ROW_LOCATION
from harness.data.formats.content_format import recognize_format
from harness.data.formats.croissant import is_description, open_described, parse_description
from harness.data.formats.csv_file import read_csv
from harness.data.formats.dataset_folder import choose_subset, open_dataset_folder, refuse_subset
from harness.data.formats.hf_datasets import DatasetSplits
from harness.data.formats.json_file import ITEM_LOCATION, SPLIT_NAME, is_json_lines, parse_document, read_json
from harness.data.formats.json_splits import find_json_splits
from harness.data.formats.jsonl_file import read_jsonl
from harness.data.formats.parquet_file import read_parquet
from harness.data.formats.text_file import COMPRESSED, TextFile, hash_content
from harness.data.formats.tsv_file import read_tsv
from harness.data.formats.xlsx_file import SHEET_ROW_LOCATION, read_xlsx
from harness.data.records import (
    TEXT_ONLY,
    BadRow,
    Preview,
    Record,
    Table,
    TableRows,
    check_column_count,
    join_names,
    media_of_extension,
    name_hint,
    quote,
)
from harness.errors import BenchError

_TEXT_READERS: dict[str, Callable[[TextFile], TableRows]] = {
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_json,
}
_BINARY_READERS: dict[str, tuple[Callable[[Path, str], TableRows], str]] = {
    ".parquet": (read_parquet, ROW_LOCATION),
    ".xlsx": (read_xlsx, SHEET_ROW_LOCATION),
}
_DESCRIPTIONS = (".json", ".jsonld")  # of Croissant files
_CONTEXT, _CONTEXT_LINES = '"@context"', 100  # which begins JSON-LD, in one of the first lines
READABLE = (*_TEXT_READERS, *_BINARY_READERS)
_ADVICE = {
    ".txt": "If it is a table with a header, rename it to .csv (the delimiter is detected) or .tsv",
    ".xls": "Open it in a spreadsheet program and save it as .xlsx",
    ".xlsb": "Open it in a spreadsheet program and save it as .xlsx",
    ".ods": "Open it in a spreadsheet program and save it as .xlsx",
    ".arrow": "Name the folder that datasets saved it in, or export it as .parquet",
    ".tar": "Unpack it and name the file",
    ".tgz": "Unpack it and name the file",
    ".7z": "Unpack it and name the file",
}


def open_data(path: Path, subset: str | None = None) -> Table | DatasetSplits:
    """Open a file, Croissant metadata of local files, or the folder of a dataset; a JSON document, metadata or a folder may have splits.

    Args:
        subset: the configuration, where a folder or metadata has several.

    Raises:
        BenchError: the path does not exist, is another kind of folder, has an unknown format, cannot be read, or has several configurations
            and none is named. Most defects of the content are raised when the rows are read.
    """
    try:
        if path.is_dir():
            if (data := open_dataset_folder(path, subset, _open_plain_table, _is_data_file)) is not None:
                return data
            raise BenchError(
                f"{path}: is a folder without a dataset: datasets did not save it, no README.md names its configurations, and no files are "
                f"named after splits. Name a file, or a pattern such as '*.csv'.{_suggest_files(path, '')}"
            )
        if not path.exists():
            raise BenchError(f"{path}: no such file.{_suggest_files(path.parent, path.name)}")
        if (described := _open_described(path, subset)) is not None:
            return described
        refuse_subset(path.name, subset)
        return _open_file(path)
    except OSError as error:
        raise BenchError(f"{quote(path.name)}: cannot be read ({error.strerror})") from None


def open_table(path: Path) -> Table:
    """Open a path that must contain exactly one table, in one configuration.

    Raises:
        BenchError: as `open_data`, and for a folder with several splits.
    """
    return _require_table(open_data(path), path)


def _require_table(data: Table | DatasetSplits, path: Path) -> Table:
    """
    Raises:
        BenchError: the data has several splits.
    """
    if isinstance(data, Table):
        return data
    if len(data.splits) == 1:
        return next(iter(data.splits.values()))
    first = next(iter(data.splits))
    if path.is_dir():
        what, advice = "folder", f"Name the folder of one of them, such as {path / first}"
    else:
        what, advice = "file", f"Name it alone, or write one of them to its own file: jq '.{first}' {path.name} > {first}.json"
    raise BenchError(f"{path.name}: the {what} contains the splits {join_names(data.splits)}. {advice}")


def peek(*paths: Path, rows: int = 2000, subset: str | None = None) -> Preview:
    """Read the first rows of files, an equal number of each; of a file with splits, those of its training split.

    The rest is not read, except that a .json document is parsed as a whole.

    Args:
        subset: as for `open_data`.

    Raises:
        BenchError: as `open_data`, and for defects of the content that these rows show.
    """
    tables = [data if isinstance(data, Table) else data.train for data in (open_data(path, subset) for path in paths)]
    quota = max(1, rows // len(tables))
    records: list[Record] = []
    bad_rows: list[BadRow] = []
    columns: dict[str, None] = {}
    is_complete = True
    for table in tables:
        before = len(records) + len(bad_rows)
        for row in table.head(quota):
            if isinstance(row, BadRow):
                bad_rows.append(row)
            else:
                records.append(row)
                columns.update(dict.fromkeys(row.values))
                check_column_count(len(columns), table.name)
        is_complete = is_complete and len(records) + len(bad_rows) - before < quota
    return Preview(join_names(table.name for table in tables), tuple(columns), records, bad_rows, is_complete)


def _open_file(path: Path) -> Table | DatasetSplits:
    if not path.is_file():
        raise BenchError(
            f"{path}: is not a regular file. Files are read more than once, which is not possible for a pipe: write it to a file first"
        )
    with path.open("rb"):  # raises OSError if the file is not readable
        pass
    extension = _extension(path)
    digest = partial(hash_content, path)
    if extension in _BINARY_READERS:
        read_binary, location_format = _BINARY_READERS[extension]
        return Table(path.name, partial(read_binary, path, path.name), digest, location_format)
    file = TextFile(path, path.name)
    if extension in COMPRESSED:
        extension = _inner_extension(file)
    if extension not in _TEXT_READERS:
        raise BenchError(_unknown_extension(path, extension))
    if extension == ".json" and not is_json_lines(file):
        return _open_document(file, digest)
    read = read_jsonl if extension == ".json" else _TEXT_READERS[extension]
    return Table(path.name, partial(read, file), digest, read_head=partial(read_tsv, file) if read is read_tsv else None)


def _open_plain_table(path: Path) -> Table:
    """A data file that a description or a folder names, which is no description itself."""
    return _require_table(_open_file(path), path)


def _open_described(path: Path, subset: str | None) -> Table | DatasetSplits | None:
    """The data that a Croissant file describes; None for another file.

    Raises:
        BenchError: the description cannot be used, or it has several configurations and none is named.
    """
    if path.suffix.lower() not in _DESCRIPTIONS or not path.is_file():
        return None
    file = TextFile(path, path.name)
    if not any(_CONTEXT in line for line in islice(file.lines(), _CONTEXT_LINES)):
        return None
    document = parse_document(file.read(), path.name)
    if not is_description(document):
        return None
    tables = open_described(parse_description(document, path.name), path.parent, _open_plain_table)
    if list(tables) == [""]:
        refuse_subset(path.name, subset)
        return tables[""]
    return tables[choose_subset(path.name, list(tables), subset)]


def _extension(path: Path) -> str:
    """The extension of a file, in lower case; where it is missing or unknown, that of a file with such content."""
    extension = path.suffix.lower()
    if media := media_of_extension(extension):
        raise BenchError(f"{path.name}: holds {media}. {TEXT_ONLY}")
    is_known = extension in READABLE or extension in COMPRESSED or extension in _ADVICE
    return extension if is_known else recognize_format(path) or extension


def _open_document(file: TextFile, digest: Callable[[], str]) -> Table | DatasetSplits:
    splits = find_json_splits(file)
    if not splits:
        return Table(file.name, partial(read_json, file), digest, ITEM_LOCATION)
    names = {split: SPLIT_NAME.format(name=file.name, split=split) for split in splits}
    tables = {split: Table(name, partial(read_json, file, split), digest, ITEM_LOCATION) for split, name in names.items()}
    return DatasetSplits(tables, {"file": file.name})


def _inner_extension(file: TextFile) -> str:
    """The extension of the compressed file: `.csv` for data.csv.gz; for a .zip whose name does not tell, that of the file inside."""
    extension = Path(file.path.stem).suffix.lower()
    if file.path.suffix.lower() == ".zip" and extension not in READABLE:
        return Path(file.member).suffix.lower()
    return extension


def _unknown_extension(path: Path, extension: str) -> str:
    """The message for a file that no reader takes.

    Args:
        extension: that of the file, or of the file inside if it is compressed.
    """
    if extension != path.suffix.lower():  # compressed
        if extension in _BINARY_READERS:
            return f"{path.name}: {extension} files are compressed already and read as they are. Unpack it first"
        what = f"the compressed file ends in '{extension}', which is unknown" if extension else "the name lacks the inner extension"
        return f"{path.name}: {what}. Compressed files can be {', '.join(_TEXT_READERS)}, as in data.csv.gz"
    what = f"the extension '{extension}' is unknown" if extension else "the file has no extension"
    if extension not in _ADVICE:
        what += ", and its content is not in a known format"
    advice = f". {_ADVICE[extension]}" if extension in _ADVICE else ""
    return f"{path.name}: {what}. Files can be {', '.join(READABLE)}{advice}"


def _suggest_files(folder: Path, name: str) -> str:
    """A hint that lists the data files of a folder, similar names first."""
    try:
        names = sorted(p.name for p in folder.iterdir() if _is_data_file(p) and p.is_file())
    except OSError:
        return f" The folder {folder} does not exist or cannot be read."
    if not names:
        return f" The folder {folder} contains no data files ({', '.join(READABLE)})."
    return name_hint(name, names)


def _is_data_file(path: Path) -> bool:
    """Whether a name ends like that of a data file: `a.csv` and `a.csv.gz`, but not `a.csv.yaml`."""
    if path.suffix.lower() in COMPRESSED:
        return Path(path.stem).suffix.lower() in _TEXT_READERS
    return path.suffix.lower() in READABLE
