"""All rows of a task's files, each file read once from start to end.

The index covers every row. The examples themselves stay in memory only as far as they will be needed; others are read again on demand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.identity import RowIndex, hash_value
from harness.data.mapping import (
    DEFAULT_COLUMNS,
    MISSING,
    Columns,
    FieldMap,
    PromptVariables,
    column_hint,
    find_media,
    get_nested,
    map_record,
    map_split,
    map_time,
    media_problem,
    resolve_fields,
)
from harness.data.records import (
    BadRow,
    BadRowError,
    BadRows,
    EmptyCellError,
    Record,
    Table,
    check_column_count,
    join_names,
    quote,
)
from harness.errors import BenchError
from harness.types import EARLIER_TURNS, Example, RowLayout, SplitName, Task

if TYPE_CHECKING:
    from harness.data.identity import RowNumbers

LOOK_AHEAD = 1000  # rows whose columns are known before roles are assigned
KEPT_FOR_SAMPLE = 50_000  # rows kept in memory although only a sample will be needed


class RowPlace(NamedTuple):
    """Where a row was read: the position of its table, and its line there."""

    file: int
    line: int


class _RolesChangedError(Exception):
    """A column that first appears late in the file changes which column has which role."""


class FileRows:
    """The rows of some tables, mapped to examples.

    Args:
        tables: in reading order; a row's file number in the index is the position of its table.
        id_scopes: by table; in tables of the same scope, an id may occur once only. By default, each table has its own.
        is_sampled: whether only some of the rows will be requested.
        fields: replaces the task's own.
        needs_target: whether rows must have a target.
        optional: roles of `fields` whose column may be missing.
        split_column: the column that names the split of each row, if any.
        time_column: the column with the time of each row, if the rows are split by it.
        with_words: whether the index collects the words of the inputs, for near duplicates.

    Attributes:
        index: of all usable rows.
        bad_rows: the rows that cannot be used.
        empty_rows: those of them that lack what they need, such as a target.
        splits: by row, the name of its split; empty without a split column.
        times: by row, its time as it is written; empty without a time column.
        sha256: by table.

    Raises:
        BenchError: a defect of a file, or of the mapping of its columns.
    """

    def __init__(
        self,
        task: Task,
        tables: Sequence[Table],
        *,
        id_scopes: Sequence[str] = (),
        is_sampled: bool = False,
        fields: Mapping[str, str | None] | None = None,
        needs_target: bool = True,
        optional: Collection[str] = (),
        split_column: str | None = None,
        time_column: str | None = None,
        with_words: bool = False,
    ) -> None:
        self._split_column, self._time_column = split_column, time_column
        self.splits: list[SplitName] = []
        self.times: list[str | float] = []
        self._fold_column = task.data.fold_references_by if needs_target else None
        self.index = RowIndex(
            task.data.split.seed,
            with_folds=self._fold_column is not None,
            with_labels=task.chooses and needs_target,
            with_words=with_words,
        )
        self.bad_rows = BadRows()
        self.empty_rows: list[RowPlace] = []
        self._task, self._tables, self._is_sampled = task, tables, is_sampled
        self._named_fields = task.data.fields if fields is None else fields
        self._variables = PromptVariables.parse(task.prompt)
        self._needs_target, self._optional = needs_target, optional
        self._examples: list[Example] | None = []  # None once there are too many
        self._field_maps: list[FieldMap] = []
        self._id_scopes = id_scopes or [str(number) for number in range(len(tables))]
        self._ids: dict[str, set[str]] = {scope: set() for scope in self._id_scopes}
        self.sha256 = [table.sha256() for table in tables]
        for table in tables:
            self._read_table(table)

    def rows_of_file(self, file: int) -> RowNumbers:
        """The rows of the table at this position."""
        import numpy as np

        return np.flatnonzero(self.index.column("files") == file)

    def location(self, row: int) -> str:
        """File and line of a row, as messages name them."""
        return self._tables[self.index.files[row]].location(self.index.lines[row])

    @property
    def layout(self) -> RowLayout | None:
        """How the rows hold whole prompts; None if those of any table do not."""
        layouts = {fields.layout for fields in self._field_maps if fields.inputs}
        return layouts.pop() if len(layouts) == 1 else None

    def take_examples(self, rows: RowNumbers) -> Iterator[Example]:
        """The examples of these rows, in this order. They are released here, so this can be called only once.

        Raises:
            BenchError: a file has changed since it was read.
        """
        if self._examples is None:
            examples = self._read_again(rows)
            yield from (examples.pop(row) for row in rows.tolist())
            return
        kept: list[Example | None] = list(self._examples)
        self._examples = []
        for row in map(int, rows):
            example, kept[row] = kept[row], None
            assert example is not None
            yield example

    def _read_table(self, table: Table) -> None:
        rows = table.rows()
        head = list(islice(rows, LOOK_AHEAD))
        columns = Columns()
        for item in head:
            if isinstance(item, Record):
                columns.add(item.values)
                check_column_count(len(columns.names), table.name)
        first_rows = [item.values for item in head if isinstance(item, Record)]
        start, bad_rows = len(self.index), self.bad_rows.count
        while True:
            try:
                if first_rows:
                    self._check_media(table, columns, first_rows)
                self._map_rows(chain(head, rows), table, columns)
                return
            except _RolesChangedError:
                self._truncate(start, bad_rows)
                head, rows = [], table.rows()

    def _map_rows(self, rows: Iterable[Record | BadRow], table: Table, columns: Columns) -> None:
        fields = self._resolve_all_columns(table, columns) if columns.names else None
        file = len(self._field_maps)
        scope = self._id_scopes[file]
        earlier_ids, new_ids = self._ids[scope], set[str]()
        for item in rows:
            if isinstance(item, BadRow):
                self.bad_rows.add(item)
                continue
            if not item.values:
                self.bad_rows.add(BadRow(table.location(item.line), "the row has no fields"))
                continue
            new_columns = columns.add_names(item.values)
            check_column_count(len(columns.names), table.name)
            if fields is None or (new_columns and self._may_have_role(new_columns) and self._resolve_all_columns(table, columns) != fields):
                raise _RolesChangedError
            try:
                split = map_split(item.values, self._split_column) if self._split_column else None
                time = map_time(item.values, self._time_column) if self._time_column else None
                example = self._map_record(item.values, fields)
                fold_hash = self._hash_fold(item)
                if example.id in new_ids or example.id in earlier_ids:
                    raise BadRowError(self._repeated_id(example.id, scope, fields, table), quote(example.id))
            except BadRowError as error:
                self.bad_rows.add(BadRow(table.location(item.line), str(error), error.excerpt))
                if isinstance(error, EmptyCellError):
                    self.empty_rows.append(RowPlace(file, item.line))
                continue
            if example.id:
                new_ids.add(example.id)
            self._keep(example)
            if split is not None:
                self.splits.append(split)
            if time is not None:
                self.times.append(time)
            self.index.add(example, file=file, line=item.line, fold_hash=fold_hash)
        earlier_ids |= new_ids
        self._field_maps.append(fields or FieldMap({}, None, None, None, frozenset()))

    def _check_media(self, table: Table, columns: Columns, rows: Sequence[Mapping[str, Any]]) -> None:
        """Check that the columns to be read are not images, audio or video, and that these are not all that there is to read.

        Args:
            rows: the first rows of the table.

        Raises:
            BenchError: a column to be read holds media, or no column has a role and one holds media.
        """
        try:
            fields = self._resolve_all_columns(table, columns)
            read = [column for column in (*fields.inputs.values(), fields.target) if column is not None]
        except BenchError:
            if not (media := find_media(columns.names, rows)):
                raise
            raise BenchError(media_problem(table.name, *media)) from None
        if media := find_media(read, rows):
            raise BenchError(media_problem(table.name, *media))

    def _resolve_all_columns(self, table: Table, columns: Columns) -> FieldMap:
        """The role of each column. Before a missing column is an error, the whole table is searched for it."""
        try:
            return self._resolve(table, columns)
        except BenchError:
            for item in table.rows():
                if isinstance(item, Record):
                    columns.add(item.values)
            self._resolve(table, columns)
            raise _RolesChangedError from None

    def _may_have_role(self, columns: Collection[str]) -> bool:
        """Whether any of these columns could have a role. Most columns that appear late have none, and there may be very many."""
        return any(column.casefold() in DEFAULT_COLUMNS or column in self._named_fields.values() for column in columns)

    def _resolve(self, table: Table, columns: Columns) -> FieldMap:
        fields = resolve_fields(
            self._named_fields, columns, table.name, self._task.kind, optional=self._optional, needs_target=self._needs_target
        )
        named = ((self._fold_column, "fold_references_by"), (self._split_column, "split.column"), (self._time_column, "split.by"))
        for column, role in named:
            if column is not None and column not in columns:
                raise BenchError(f"{table.name}: no column {quote(column)} for '{role}'.{column_hint(column, columns)}")
        previous = next((f.inputs for f in self._field_maps if f.inputs), fields.inputs)
        if (set(previous) ^ set(fields.inputs)) - {EARLIER_TURNS}:
            raise BenchError(
                f"{table.name}: the inputs are {join_names(fields.inputs)}, but in the other files {join_names(sorted(previous))}. "
                "All files need the same input columns"
            )
        return fields

    def _hash_fold(self, record: Record) -> int:
        column = self._fold_column
        if column is None:
            return 0
        value = get_nested(record.values, column)
        if value is MISSING or value is None or value == "":
            raise BadRowError(f"fold_references_by (column '{column}') is empty")
        return hash_value(value)

    def _repeated_id(self, row_id: str, scope: str, fields: FieldMap, table: Table) -> str:
        if self.bad_rows.is_full:  # the message would be dropped, and finding the location takes time
            return "id"
        row = self.index.ids.index(row_id)
        while self._id_scopes[self.index.files[row]] != scope:
            row = self.index.ids.index(row_id, row + 1)
        advice = "If the column identifies a patient or a document rather than a row, make it the group"
        if self._tables[self.index.files[row]] is not table:
            advice = "If each file numbers its own rows, set 'id: null' under 'fields' in the task's data: ids are then computed"
        return f"id {quote(row_id)} (column '{fields.id}') is already used in {self.location(row)}. {advice}"

    def _map_record(self, values: Mapping[str, Any], fields: FieldMap) -> Example:
        return map_record(values, fields, self._task, self._variables, needs_target=self._needs_target)

    def _keep(self, example: Example) -> None:
        if self._examples is not None:
            self._examples.append(example)
            if self._is_sampled and len(self._examples) > KEPT_FOR_SAMPLE:
                self._examples = None

    def _truncate(self, rows: int, bad_rows: int) -> None:
        self.index.truncate(rows)
        del self.splits[rows:]
        del self.times[rows:]
        self.bad_rows.truncate(bad_rows)
        self.empty_rows = [place for place in self.empty_rows if place.file < len(self._field_maps)]
        if self._examples is not None:
            del self._examples[rows:]

    def _read_again(self, rows: RowNumbers) -> dict[int, Example]:
        row_numbers: Mapping[tuple[int, int], int] = {(self.index.files[row], self.index.lines[row]): row for row in rows.tolist()}
        examples: dict[int, Example] = {}
        for file, table in enumerate(self._tables):
            for item in table.rows():
                row = row_numbers.get((file, item.line)) if isinstance(item, Record) else None
                if row is not None and isinstance(item, Record):
                    examples[row] = self._map_record(item.values, self._field_maps[file])
            if table.sha256() != self.sha256[file]:
                raise BenchError(f"{table.name}: the file changed while it was read. Wait until it is complete, then run again")
        return examples
