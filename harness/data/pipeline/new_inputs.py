"""`load_inputs`: examples for a trained model to answer. They need no targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.data.formats import open_table
from harness.data.identity import RowIds
from harness.data.mapping import RESERVED_ROLES
from harness.data.pipeline.file_rows import FileRows
from harness.errors import BenchError
from harness.types import Example, Task

_NO_FIELDS: Mapping[str, str | None] = {}


def load_inputs(task: Task, path: Path, *, fields: Mapping[str, str | None] = _NO_FIELDS) -> tuple[Example, ...]:
    """All rows of a file, in order, with the inputs that the task's prompt reads.

    Ids are as given, or a hash of the content. Targets are empty if the file or the row has none; choices are always empty.

    Args:
        path: a file in any readable format, or a folder with one table that `datasets` saved.
        fields: role to column, where the mapping differs from the task's own. Of the task's mapping, the columns of target, group and id
            may be missing.

    Raises:
        BenchError: a defect of the file, the mapping or a row.
    """
    named = {**task.data.fields, **fields}
    optional = [role for role in RESERVED_ROLES if role not in fields]
    table = open_table(path)
    file_rows = FileRows(task, [table], fields=named, needs_target=False, optional=optional)
    if file_rows.bad_rows.count:
        raise file_rows.bad_rows.to_error("Correct them, or remove them from the file.")
    rows = file_rows.rows_of_file(0)
    if not len(rows):
        raise BenchError(f"{table.name}: the file has no rows")
    ids = RowIds(file_rows.index, [rows], [table.name])
    return tuple(replace(example, id=ids[row], choices=()) for row, example in enumerate(file_rows.take_examples(rows)))
