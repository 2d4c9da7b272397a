"""Anonymize a data file, and restore it with the key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.api.arguments import PathLike, as_texts, check_counts
from harness.data.formats import open_table
from harness.data.privacy import (
    MODES,
    Anonymizer,
    MappingFile,
    MappingWriter,
    RowSample,
    RowWriter,
    check_format,
    create_key,
    encode_changes,
    find_identifiers,
    load_model_finder,
    nameable_columns,
    new_key,
    read_key,
    read_marks,
    restore_row,
    withhold_values,
)
from harness.data.records import BadRow, BadRows, Record, Table
from harness.errors import BenchError, did_you_mean, setting
from harness.reporting import KindRecall, build_recall, render_sample
from harness.store import write_atomically, write_text

Progress = Callable[[int], None]
_MODEL = "spacy"
_PROGRESS_ROWS = 200


@dataclass(frozen=True)
class Anonymization:
    """What `anonymize_data` did.

    Attributes:
        counts: replaced identifiers by kind; patients' numbers are not among them.
        new_key: the key file that was created, if one was.
        sample: the page for marking what was missed, if one was asked for.
    """

    out: Path
    mode: str
    rows: int
    counts: dict[str, int]
    mapping: Path | None
    new_key: Path | None
    sample: Path | None


def anonymize_data(
    file: PathLike,
    out: PathLike,
    *,
    columns: str | Sequence[str] = (),
    patient: str | None = None,
    mode: str = "surrogates",
    with_names: str | None = None,
    key: PathLike | bytes | None = None,
    mapping: PathLike | None = None,
    sample: int | None = None,
    progress: Progress = lambda rows: None,
) -> Anonymization:
    """Replace identifiers of people in the texts of a file. Patterns are checked: what no pattern fits remains.

    Args:
        out: a .csv, .tsv or .jsonl file that only the user can read.
        columns: those to search; by default all.
        patient: the column with the patient's number: surrogates are the same, and dates move by the same days, in all rows of a patient.
        mode: "surrogates", "tags", or "remove", which keeps no more of dates than the year (HIPAA Safe Harbor). Moved dates are outside
            Safe Harbor and need an expert's determination.
        with_names: "spacy" also takes what a language model holds for names and places; needs the extra `pii`.
        key: a file with the key, which is created if it does not exist, or the key itself. By default a key that is not kept.
        mapping: a new file for the encrypted originals, which `restore_data` reads; needs a key.
        sample: rows to draw for a page beside `out`, in which a person marks what was missed; `measure_recall` reads the marks.
        progress: called with the number of rows that are done.

    Raises:
        BenchError: unreadable rows, an unknown column or mode, a bad key, or files that cannot be written. Nothing is written then.
    """
    source, target = Path(file), Path(out)
    if mode not in MODES:
        raise BenchError(f"{setting('mode', mode)}: unknown.{did_you_mean(mode, MODES)}")
    if with_names not in (None, _MODEL):
        raise BenchError(f"{setting('with_names', str(with_names))}: unknown.{did_you_mean(str(with_names), [_MODEL])}")
    find = find_identifiers if with_names is None else load_model_finder()
    _check_target(source, target)
    mapping_path = Path(mapping) if mapping is not None else None
    if mapping_path is not None:
        if key is None:
            raise BenchError(
                f"{setting('mapping', str(mapping_path))}: needs a key. Add {setting('key', 'FILE')}; a new file gets a new key"
            )
        _check_mapping_target(mapping_path, (source, target))
    table = open_table(source)
    _check_columns(table, as_texts(columns), patient)
    secret, created = _load_key(key)
    anonymizer = Anonymizer(secret, next(m for m in MODES if m == mode), columns=as_texts(columns), patient=patient, find=find)

    check_counts(sample=sample)
    drawn = RowSample(sample or 0)
    rows, digest = 0, ""

    def write(partial: Path) -> None:
        nonlocal rows, digest
        if mapping_path is None:
            rows, digest = _write_rows(table, target, partial, anonymizer, None, drawn, progress)
            return

        def write_mapping(partial_mapping: Path) -> None:
            nonlocal rows, digest
            with partial_mapping.open("r+b") as output:
                writer = MappingWriter(output, secret)
                rows, digest = _write_rows(table, target, partial, anonymizer, writer, drawn, progress)

        write_atomically(mapping_path, write_mapping, private=True)

    try:
        with _file_problems(setting("out", str(target))):
            write_atomically(target, write, private=True)
    except BaseException:
        if created is not None and not (mapping_path is not None and mapping_path.exists()):
            created.unlink(missing_ok=True)
        raise
    page = target.with_name(f"{target.stem}.sample.html") if sample else None
    if page is not None:
        with _file_problems(str(page)):
            write_text(page, render_sample(drawn.texts(), name=target.name, sha256=digest), private=True)
    return Anonymization(target, mode, rows, dict(sorted(anonymizer.counts.items())), mapping_path, created, page)


def restore_data(file: PathLike, out: PathLike, *, key: PathLike | bytes, mapping: PathLike, progress: Progress = lambda rows: None) -> int:
    """Write an anonymized file with its original texts; returns the number of rows.

    Raises:
        BenchError: a wrong key, the mapping of another file, a damaged mapping, or a file that cannot be written. Nothing is written then.
    """
    source, target = Path(file), Path(out)
    _check_target(source, target)
    secret = key if isinstance(key, bytes) else read_key(Path(key))
    changes = MappingFile(Path(mapping), secret)
    table = open_table(source)
    if table.sha256() != changes.sha256:
        raise BenchError(
            f"{Path(mapping)}: is the mapping of another file, or {source.name} was changed since it was anonymized. Name the file "
            f"as it was written"
        )
    rows = 0

    def write(partial: Path) -> None:
        nonlocal rows
        pending = changes.changes()
        following = next(pending, None)
        with partial.open("r+b") as output:
            writer = RowWriter(output, target, table.name)
            for number, record in enumerate(_read_rows(table)):
                values = dict(record.values)
                if following is not None and following[0] == number:
                    try:
                        values = restore_row(values, following[1])
                    except ValueError:
                        raise BenchError(f"{Path(mapping)}: does not fit {source.name}. Use another copy of the mapping") from None
                    following = next(pending, None)
                writer.write(record.line, values)
                rows = number + 1
                if rows % _PROGRESS_ROWS == 0:
                    progress(rows)

    with _file_problems(setting("out", str(target))):
        write_atomically(target, write, private=True)
    return rows


def measure_recall(file: PathLike, marked: PathLike) -> tuple[int, tuple[KindRecall, ...]]:
    """Which share of identifiers anonymization found, from what a person marked in a sample; with the number of texts that were read.

    Args:
        file: the anonymized file.
        marked: the file that the page of the sample saved.

    Raises:
        BenchError: a file that is not of this kind, or the marks of another file.
    """
    source, marks = Path(file), read_marks(Path(marked))
    if open_table(source).sha256() != marks.sha256:
        raise BenchError(f"{Path(marked)}: has the marks of another file, or {source.name} was changed since it was anonymized")
    return marks.read, build_recall(marks)


def _write_rows(
    table: Table,
    target: Path,
    partial: Path,
    anonymizer: Anonymizer,
    mapping: MappingWriter | None,
    sample: RowSample,
    progress: Progress,
) -> tuple[int, str]:
    """Anonymize all rows into a file, and finish the mapping; returns the number of rows, and the sha256 of the file."""
    rows = 0
    with partial.open("r+b") as file:
        output = _HashedFile(file)
        writer = RowWriter(output, target, table.name)
        for number, record in enumerate(_read_rows(table)):
            with _withheld_details(table.location(record.line)):
                row = anonymizer.anonymize_row(number, record.values)
            writer.write(record.line, row.values)
            if mapping is not None and (row.changes or row.whole):
                mapping.add(number, encode_changes(row))
            sample.add(number, row)
            rows = number + 1
            if rows % _PROGRESS_ROWS == 0:
                progress(rows)
    if mapping is not None:
        mapping.finish(output.digest(), rows)
    return rows, output.digest()


def _read_rows(table: Table) -> Iterator[Record]:
    """All rows of a table.

    Raises:
        BenchError: a row that cannot be read, without what it says.
    """
    bad_rows = BadRows()
    try:
        for row in table.rows():
            if isinstance(row, BadRow):
                bad_rows.add(BadRow(row.location, withhold_values(row.redacted(), row.location).removeprefix(f"{row.location}: ")))
            elif not bad_rows.count:
                yield row
    except BenchError as error:
        raise BenchError([withhold_values(problem, table.name) for problem in error.problems]) from None
    if bad_rows.count:
        raise bad_rows.to_error("Correct them, or remove them from the file.")


@contextmanager
def _withheld_details(place: str) -> Iterator[None]:
    """Let no text of a row into the message of an unexpected error, which is logged."""
    try:
        yield
    except Exception as error:
        raise RuntimeError(f"{type(error).__name__} at {place} (details withheld)").with_traceback(error.__traceback__) from None


@contextmanager
def _file_problems(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BenchError(f"{where}: cannot be written ({error.strerror})") from None


def _check_target(source: Path, target: Path) -> None:
    check_format(target)
    option = setting("out", str(target))
    if target.is_dir():
        raise BenchError(f"{option}: is a folder. Name a file")
    if not target.parent.is_dir():
        raise BenchError(f"{option}: there is no folder {target.parent}")
    if target.exists() and source.exists() and target.samefile(source):
        raise BenchError(f"{option}: is the file that is read. Name another one")


def _check_mapping_target(mapping: Path, others: Sequence[Path]) -> None:
    option = setting("mapping", str(mapping))
    if mapping.exists():
        raise BenchError(f"{option}: already exists, and without it the file that it belongs to cannot be restored. Name another file")
    if not mapping.parent.is_dir():
        raise BenchError(f"{option}: there is no folder {mapping.parent}")
    if mapping.absolute() in [other.absolute() for other in others]:
        raise BenchError(f"{option}: is named twice. Name another file")
    if any((folder / "run.json").is_file() for folder in mapping.absolute().parents):
        raise BenchError(f"{option}: is inside a run's folder, which others may receive. Keep the mapping elsewhere")


def _check_columns(table: Table, columns: Sequence[str], patient: str | None) -> None:
    if not columns and patient is None:
        return
    named = [*(("columns", column) for column in columns), *([("patient", patient)] if patient else [])]
    known: dict[str, None] = {}
    for row in _read_rows(table):  # rows of JSON Lines may differ in their columns
        known |= dict.fromkeys(row.values)
        if all(column in known for _, column in named):
            return
    name, missing = next((name, column) for name, column in named if column not in known)
    raise BenchError(f"{setting(name, missing)}: {table.name} has no such column.{did_you_mean(missing, nameable_columns(list(known)))}")


def _load_key(key: PathLike | bytes | None) -> tuple[bytes, Path | None]:
    """The key, and the file that was created for it."""
    if key is None:
        return new_key(), None
    if isinstance(key, bytes):
        return key, None
    path = Path(key)
    return (read_key(path), None) if path.exists() else (create_key(path), path)


class _HashedFile:
    """A file that is written and hashed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def write(self, content: bytes) -> int:
        self._hash.update(content)
        return self._file.write(content)

    def digest(self) -> str:
        return self._hash.hexdigest()
