"""New examples for a trained model to answer, from a file, from a stream or from rows in memory. They need no targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from harness.data.formats import ByteStream, open_lines, open_table, read_line_stream
from harness.data.identity import RowIds
from harness.data.mapping import RESERVED_ROLES
from harness.data.pipeline.file_rows import FileRows
from harness.data.records import BadRow, BadRowError, Record, Table, check_texts
from harness.errors import BenchError
from harness.types import Example, Task

STREAM = "standard input"  # its name in messages
_NO_FIELDS: Mapping[str, str | None] = {}


@dataclass(frozen=True)
class NewRows:
    """Rows to answer.

    Attributes:
        examples: with the inputs that the task's prompt reads, in the order of the rows. Ids are as given, or a hash of the content.
            Targets are empty if the row has none; choices are always empty.
        columns: the values of each row by column, as they were read.
    """

    examples: tuple[Example, ...]
    columns: tuple[Mapping[str, Any], ...]

    def parts(self, size: int) -> Iterator[NewRows]:
        """The rows in order, `size` at a time."""
        for start in range(0, len(self.examples), size):
            yield NewRows(self.examples[start : start + size], self.columns[start : start + size])


def load_inputs(
    task: Task, path: Path, *, fields: Mapping[str, str | None] = _NO_FIELDS, limit: int | None = None, line_input: str | None = None
) -> NewRows:
    """All rows of a file, in order.

    Args:
        path: a file in any readable format, or a folder with one table that `datasets` saved.
        fields: role to column, where the mapping differs from the task's own. Of the task's mapping, the columns of target, group and id
            may be missing.
        limit: read only the first rows.
        line_input: read the file as plain text, of which each line is this input.

    Raises:
        BenchError: a defect of the file, the mapping or a row.
    """
    table = open_table(path) if line_input is None else open_lines(path, line_input)
    if line_input is not None:
        fields = {**fields, line_input: line_input}
    return _map_table(task, table, fields, limit)


def map_stream(
    task: Task,
    stream: ByteStream,
    most: int,
    *,
    fields: Mapping[str, str | None] = _NO_FIELDS,
    line_input: str | None = None,
) -> Iterator[NewRows]:
    """Map the rows of a binary stream of JSON Lines as its lines arrive, in parts of at most `most`.

    The next part is taken when the previous one was used. Ids are unique over the whole stream.

    Args:
        fields, line_input: as for `load_inputs`.

    Raises:
        BenchError: a defect of the mapping or a row, or no row at all.
    """
    if line_input is not None:
        fields = {**fields, line_input: line_input}
    return _map_parts(task, read_line_stream(stream, STREAM, most, line_input=line_input), STREAM, "{name}:{line}", fields)


def map_rows(
    task: Task, rows: Iterable[Mapping[str, Any]], most: int, *, fields: Mapping[str, str | None] = _NO_FIELDS
) -> Iterator[NewRows]:
    """Map rows in memory, values by column, in parts of at most `most`; the next part is taken when the previous one was used.

    Raises:
        BenchError: as `map_stream`.
    """
    records = (_check_row(number, row) for number, row in enumerate(rows, 1))
    return _map_parts(task, _batch(records, most), "data", "{name}: row {line}", fields)


def _batch(rows: Iterator[Record | BadRow], most: int) -> Iterator[list[Record | BadRow]]:
    while part := list(islice(rows, most)):
        yield part


def _check_row(number: int, row: Mapping[str, Any]) -> Record | BadRow:
    if not isinstance(row, Mapping):
        return BadRow(f"data: row {number}", f"{type(row).__name__}, not a dictionary with a value for each column")
    try:
        check_texts(row)
    except BadRowError as error:
        return BadRow(f"data: row {number}", str(error), error.excerpt)
    return Record(number, row)


def _map_parts(
    task: Task, parts: Iterable[Sequence[Record | BadRow]], name: str, location_format: str, fields: Mapping[str, str | None]
) -> Iterator[NewRows]:
    counts: Counter[str] = Counter()
    for part in parts:
        table = Table(name, lambda part=part: iter(part), lambda: "", location_format)  # type: ignore[misc]
        rows = _map_table(task, table, fields, None)
        yield replace(rows, examples=tuple(_distinguish(example, counts) for example in rows.examples))
    if not counts:
        raise BenchError(f"{name}: has no rows")


def _distinguish(example: Example, counts: Counter[str]) -> Example:
    counts[example.id] += 1
    count = counts[example.id]
    return example if count == 1 else replace(example, id=f"{example.id}-{count}")


def _map_table(task: Task, table: Table, fields: Mapping[str, str | None], limit: int | None) -> NewRows:
    if limit is not None:
        table = replace(table, rows=lambda full=table: full.head(limit), read_head=None)  # type: ignore[misc]
    named = {**task.data.fields, **fields}
    optional = [role for role in RESERVED_ROLES if role not in fields]
    file_rows = FileRows(task, [table], fields=named, needs_target=False, optional=optional)
    if file_rows.bad_rows.count:
        raise file_rows.bad_rows.to_error("Correct them, or remove them from the file.")
    rows = file_rows.rows_of_file(0)
    if not len(rows):
        raise BenchError(f"{table.name}: the file has no rows")
    ids = RowIds(file_rows.index, [rows], [table.name])
    examples = tuple(replace(example, id=ids[row], choices=()) for row, example in enumerate(file_rows.take_examples(rows)))
    records = (row.values for row in table.rows() if isinstance(row, Record))
    return NewRows(examples, tuple(islice(records, len(examples))))
