"""`load_inputs`: rows to be answered by a model that is trained already. They need no targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from harness.data.formats import open_table
from harness.data.mapping import RESERVED, RowIds
from harness.data.pipeline.gather import Gathered
from harness.errors import BenchError
from harness.types import Example, Task

_NO_FIELDS: Mapping[str, str | None] = {}


def load_inputs(task: Task, path: Path, *, fields: Mapping[str, str | None] = _NO_FIELDS) -> tuple[Example, ...]:
    """All rows of a file, in its order, with the inputs that the task's prompt reads.

    Ids are as given, or a hash of the content. Targets are empty where the file, or the row, has none; choices are always empty.

    Args:
        path: any file that can be read, or a folder of one table that `datasets` saved.
        fields: role to column, where it differs from the task's own mapping. Of that, the columns of target, group and id may be missing.

    Raises:
        BenchError: anything wrong with the file, the mapping or a row.
    """
    named = {**task.data.fields, **fields}
    optional = [role for role in RESERVED if role not in fields]
    table = open_table(path)
    gathered = Gathered(task, [table], fields=named, needs_target=False, optional=optional)
    if gathered.bad.count:
        raise gathered.bad.error("Correct them, or take them out of the file.")
    rows = gathered.rows_of(0)
    if not len(rows):
        raise BenchError(f"{table.name}: there are no rows")
    ids = RowIds(gathered.index, [rows], [table.name])
    return tuple(replace(example, id=ids[row], choices=()) for row, example in enumerate(gathered.examples(rows)))
