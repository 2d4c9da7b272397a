"""All rows of a task's files, read once from their start to their end.

The index of the rows is complete; the examples themselves are kept only as far as they will be needed, and otherwise read again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from harness.data.formats import BadRow, BadRowError, BadRows, Record, Stream, listed, shown
from harness.data.mapping import (
    DEFAULT_COLUMNS,
    MISSING,
    Columns,
    FieldMap,
    Index,
    Variables,
    example_of,
    hash_of,
    instead,
    reach,
    resolve_fields,
)
from harness.errors import BenchError
from harness.types import Example, Task

if TYPE_CHECKING:
    from harness.data.mapping import Places

LOOK_AHEAD = 1000  # rows whose keys are known before the columns get their roles
KEPT_FOR_SAMPLE = 50_000  # rows that are kept in memory though only some will be needed


class _OtherColumnsError(Exception):
    """A column turned up late that changes which column plays which role."""


class Gathered:
    """The rows of some tables.

    Args:
        tables: in the order in which they are read; a row's file number in the index is the place of its table here.
        sampled: whether only some of the rows will be asked for.
        fields: instead of the task's own.
        needs_target: whether rows must have a target.
        optional: roles of `fields` whose column may be missing.

    Raises:
        BenchError: anything wrong with a file or with the mapping of its columns. Rows that cannot be used are in `bad`.
    """

    def __init__(
        self,
        task: Task,
        tables: Sequence[Stream],
        *,
        sampled: bool = False,
        fields: Mapping[str, str | None] | None = None,
        needs_target: bool = True,
        optional: Collection[str] = (),
    ) -> None:
        self._fold_by = task.data.fold_references_by if needs_target else None
        self.index = Index(task.data.split.seed, folding=self._fold_by is not None, choosing=task.chooses and needs_target)
        self.bad = BadRows()
        self.tables = tables
        self._task, self._sampled = task, sampled
        self._named = task.data.fields if fields is None else fields
        self._variables = Variables.of(task.prompt)
        self._needs_target, self._optional = needs_target, optional
        self._examples: list[Example] | None = []
        self._fields: list[FieldMap] = []
        self.sha256 = [table.sha256() for table in tables]
        for table in tables:
            self._read(table)

    def rows_of(self, file: int) -> Places:
        """The rows that came from a table."""
        import numpy as np

        return np.flatnonzero(self.index.column("files") == file)

    def place(self, row: int) -> str:
        """Where a row stands, as messages say it."""
        return self.tables[self.index.files[row]].place(self.index.lines[row])

    def examples(self, rows: Places) -> Iterator[Example]:
        """The examples of these rows, in their order; they are forgotten here. To be called once.

        Raises:
            BenchError: a file has changed since it was read.
        """
        if self._examples is None:
            again = self._read_again(rows)
            yield from (again.pop(row) for row in rows.tolist())
            return
        kept: list[Example | None] = list(self._examples)
        self._examples = []
        for row in rows.tolist():
            example, kept[row] = kept[row], None
            assert example is not None
            yield example

    def _read(self, table: Stream) -> None:
        rows = table.rows()
        head = list(islice(rows, LOOK_AHEAD))
        columns = Columns()
        for item in head:
            if isinstance(item, Record):
                columns.add(item.values)
        start, bad = len(self.index), self.bad.count
        while True:
            try:
                self._map(chain(head, rows), table, columns)
                return
            except _OtherColumnsError:
                self._back_to(start, bad)
                head, rows = [], table.rows()

    def _map(self, rows: Iterable[Record | BadRow], table: Stream, columns: Columns) -> None:
        fields = self._resolved(table, columns) if columns.names else None
        file = len(self._fields)
        first = len(self.index)
        seen: set[str] = set()
        for item in rows:
            if isinstance(item, BadRow):
                self.bad.add(item)
                continue
            new = columns.add_names(item.values)
            if fields is None or (new and self._may_matter(new) and self._resolved(table, columns) != fields):
                raise _OtherColumnsError
            try:
                example = self._example(item.values, fields)
                fold = self._fold(item)
                if example.id in seen:
                    raise BadRowError(self._used_already(example.id, first, fields, table), shown(example.id))
            except BadRowError as error:
                self.bad.add(BadRow(table.place(item.line), str(error), error.quoted))
                continue
            if example.id:
                seen.add(example.id)
            self._keep(example)
            self.index.add(example, file=file, line=item.line, fold=fold)
        self._fields.append(fields or FieldMap({}, None, None, None, frozenset()))

    def _resolved(self, table: Stream, columns: Columns) -> FieldMap:
        """The role of each column; before that is refused, all rows of the table are looked at for the columns that are missing."""
        try:
            return self._roles(table, columns)
        except BenchError:
            for item in table.rows():
                if isinstance(item, Record):
                    columns.add(item.values)
            self._roles(table, columns)
            raise _OtherColumnsError from None

    def _may_matter(self, columns: Collection[str]) -> bool:
        """Whether one of these columns could have a role: most that turn up late have none, and there may be very many."""
        return any(column.casefold() in DEFAULT_COLUMNS or column in self._named.values() for column in columns)

    def _roles(self, table: Stream, columns: Columns) -> FieldMap:
        fields = resolve_fields(self._named, columns, table.name, self._task.kind, optional=self._optional, needs_target=self._needs_target)
        by = self._fold_by
        if by is not None and by not in columns:
            raise BenchError(f"{table.name}: no column {shown(by)} for 'fold_references_by'.{instead(by, columns)}")
        known = next((f.inputs for f in self._fields if f.inputs), fields.inputs)
        if set(known) != set(fields.inputs):
            raise BenchError(f"{table.name}: its inputs are {listed(fields.inputs)}, those of the other files {listed(sorted(known))}")
        return fields

    def _fold(self, record: Record) -> int:
        column = self._fold_by
        if column is None:
            return 0
        value = reach(record.values, column)
        if value is MISSING or value is None or value == "":
            raise BadRowError(f"fold_references_by (column '{column}') is empty")
        return hash_of(value)

    def _used_already(self, name: str, first: int, fields: FieldMap, table: Stream) -> str:
        if self.bad.full:  # nobody will read it
            return "id"
        place = table.place(self.index.lines[self.index.ids.index(name, first)])
        return (
            f"id {shown(name)} (column '{fields.id}') was already used in {place}. "
            "If it names a patient or a document and not a row, make it the group"
        )

    def _example(self, values: Mapping[str, Any], fields: FieldMap) -> Example:
        return example_of(values, fields, self._task, self._variables, needs_target=self._needs_target)

    def _keep(self, example: Example) -> None:
        if self._examples is not None:
            self._examples.append(example)
            if self._sampled and len(self._examples) > KEPT_FOR_SAMPLE:
                self._examples = None

    def _back_to(self, rows: int, bad: int) -> None:
        self.index.back_to(rows)
        self.bad.back_to(bad)
        if self._examples is not None:
            del self._examples[rows:]

    def _read_again(self, rows: Places) -> dict[int, Example]:
        wanted: Mapping[tuple[int, int], int] = {(self.index.files[row], self.index.lines[row]): row for row in rows.tolist()}
        found: dict[int, Example] = {}
        for file, table in enumerate(self.tables):
            for item in table.rows():
                row = wanted.get((file, item.line)) if isinstance(item, Record) else None
                if row is not None and isinstance(item, Record):
                    found[row] = self._example(item.values, self._fields[file])
            if table.sha256() != self.sha256[file]:
                raise BenchError(f"{table.name}: has changed while it was read. Run again when it is whole")
        return found
