"""Which column identifies a row, and which one names the group that rows share."""

from __future__ import annotations

from collections.abc import Sequence

from harness.data.inspect import column_names
from harness.data.inspect.column_names import plain_name
from harness.data.inspect.column_profile import ColumnProfile
from harness.data.inspect.remarks import Remarks
from harness.data.records import quote
from harness.text import plural

MIN_GROUPS = 10  # fewer groups cannot be split into train, validation and test


def find_id(columns: Sequence[ColumnProfile]) -> ColumnProfile | None:
    """The column with the name of an identifier and a different value in every row; the shortest name if there are several."""
    candidates = [c for c in columns if column_names.names_an_id(c.name) and not c.is_list and c.is_unique]
    return min(candidates, key=lambda c: len(plain_name(c.name)), default=None)  # 'id' before 'customer_id'


def note_unusable_ids(columns: Sequence[ColumnProfile], remarks: Remarks) -> None:
    """Note why a column called 'id' is not the id. Such a column often identifies a document or a patient."""
    for column in columns:
        if plain_name(column.name) != "id" or column.is_unique:
            continue
        name = quote(column.name)
        if column.empty:
            remarks.notes.append(f"{name} is not used as the id: {_without_value(column)}")
            continue
        repeated = column.filled - column.distinct
        remarks.notes.append(f"{name} is not used as the id: {plural(repeated, 'row')} {'repeats' if repeated == 1 else 'repeat'} a value")
        if column.distinct >= MIN_GROUPS:
            remarks.alternatives.append(f"group: {name} ({column.distinct:,} distinct values), if it identifies a document or a person")


def find_group(columns: Sequence[ColumnProfile], remarks: Remarks) -> ColumnProfile | None:
    """The column that names a patient, an author or a document. Of several, the one with the fewest values, as its groups include the
    others' and must not be divided between splits."""
    candidates = []
    for column in columns:
        if column.is_list or column.median_words > 5 or not column_names.names_a_group(column.name) or column.distinct == column.filled:
            continue
        if column.empty:
            remarks.notes.append(f"{quote(column.name)} could be the group, but {_without_value(column)}")
        elif column.distinct < MIN_GROUPS or 2 * max(column.counts.values()) > column.filled:
            reason = f"its {column.distinct} values are too few, or one has too many rows, to split by"
            remarks.notes.append(f"{quote(column.name)} could be the group, but {reason}")
        else:
            candidates.append(column)
    best = min(candidates, key=lambda c: c.distinct, default=None)
    if best is not None:
        remarks.reasons["group"] = f"{best.distinct:,} distinct values in {best.filled:,} rows"
        remarks.alternatives += [f"group: {quote(c.name)} ({c.distinct:,} distinct values)" for c in candidates if c is not best]
    return best


def _without_value(column: ColumnProfile) -> str:
    return f"{plural(column.empty, 'row')} {'has' if column.empty == 1 else 'have'} no value"
