"""Cleaning: which rows a fix removes, and which texts it repairs. Every change gets a line of a log, so that it can be undone.

Rows that remain keep every column with its value; only repaired texts differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from harness.data.checks.checked_rows import SPLIT_ORDER, CheckedRows
from harness.data.checks.class_balance import list_rare_classes
from harness.data.checks.copies import list_conflicts, list_duplicates, list_leaks, list_shared_groups
from harness.data.checks.damaged_text import CONTROL, repair
from harness.data.checks.near_copies import list_near_copies
from harness.data.checks.poor_targets import group_repeated_targets, is_placeholder
from harness.data.pipeline import RowPlace, TaskRows
from harness.data.records import BadRow
from harness.types import RowName

Fix = Literal[
    "leaks", "duplicates", "near-duplicates", "conflicts", "empty", "placeholders", "repeated-targets", "rare-classes", "encoding"
]
FIXES: tuple[Fix, ...] = get_args(Fix)


@dataclass(frozen=True)
class RemovedRow:
    """Why a row is removed, and the row that it repeats, if there is one."""

    fix: Fix
    like: str = ""


class CleanedRecord(NamedTuple):
    """What becomes of a record.

    Attributes:
        values: by column; None if the record is removed.
        split: of the record; empty if it cannot be used.
        change: its line of the log; None if nothing changed.
    """

    values: dict[str, Any] | None
    split: str
    change: dict[str, Any] | None


def plan_removals(rows: CheckedRows, fixes: Sequence[Fix], progress: Callable[[float], None]) -> dict[int, RemovedRow]:
    """The rows that the fixes remove, by number, with the first reason that applies."""
    removals: dict[int, RemovedRow] = {}

    def remove(fix: Fix, rows_with_reason: Mapping[int, int | None]) -> None:
        for row, like in rows_with_reason.items():
            removals.setdefault(row, RemovedRow(fix, "" if like is None else _describe(rows.name(like))))

    if "conflicts" in fixes:
        remove("conflicts", dict.fromkeys(list_conflicts(rows)))
    if "placeholders" in fixes and not rows.task.chooses:
        remove("placeholders", {row: None for row, each in enumerate(rows.examples) if any(map(is_placeholder, each.targets))})
    if "repeated-targets" in fixes:
        groups = group_repeated_targets(rows).values()
        remove("repeated-targets", {row: first for first, *others in groups for row in others})
    if "rare-classes" in fixes:
        remove("rare-classes", dict.fromkeys(list_rare_classes(rows)))
    if "leaks" in fixes:
        remove("leaks", list_leaks(rows))
        remove("leaks", list_shared_groups(rows))
    if "duplicates" in fixes:
        remove("duplicates", list_duplicates(rows))
    if "near-duplicates" in fixes:
        while True:  # each row is found with one that it resembles, and may resemble another that remains
            near = list_near_copies(rows, progress, without=removals.keys())
            similar = {match.row: row for row, match in near.leaks.items()} | {row: match.row for row, match in near.within.items()}
            if not similar:
                break
            remove("near-duplicates", similar)
    return removals


def clean_records(
    rows: TaskRows, checked: CheckedRows, removals: Mapping[int, RemovedRow], fixes: Sequence[Fix]
) -> Iterator[CleanedRecord]:
    """Every record of the files, in order.

    Args:
        checked: the same rows, as `removals` numbers them.
    """
    places = [place for split in SPLIT_ORDER for place in rows.places[split]]
    number_of = {place: row for row, place in enumerate(places)}
    empty = set(rows.empty_rows)
    for table_number, table in enumerate(rows.tables):
        for item in table.rows():
            if isinstance(item, BadRow):
                yield CleanedRecord(None, "", {"action": "removed", "why": "unreadable", "location": item.location, "problem": item.reason})
                continue
            place = RowPlace(table_number, item.line)
            row = number_of.get(place)
            name = RowName("", "", rows.locate(place)) if row is None else checked.name(row)
            where = {"location": name.location, "split": name.split, "id": name.id}
            values = dict(item.values)
            if place in empty and "empty" in fixes:
                yield CleanedRecord(None, "", {"action": "removed", "why": "empty", **where, "row": values})
            elif row is not None and row in removals:
                removal = removals[row]
                like = {"like": removal.like} if removal.like else {}
                yield CleanedRecord(None, name.split, {"action": "removed", "why": removal.fix, **where, **like, "row": values})
            else:
                changed = {column: repaired for column, cell in values.items() if (repaired := _repair_cell(cell)) != cell}
                if "encoding" not in fixes or not changed:
                    yield CleanedRecord(values, name.split, None)
                    continue
                cells = {column: {"before": values[column], "after": cell} for column, cell in changed.items()}
                yield CleanedRecord(values | changed, name.split, {"action": "changed", "why": "encoding", **where, "columns": cells})


def _repair_cell(cell: Any) -> Any:
    """The cell with its texts repaired, also inside lists and objects."""
    if isinstance(cell, str):
        return CONTROL.sub("", repair(cell))
    if isinstance(cell, list):
        return [_repair_cell(each) for each in cell]
    if isinstance(cell, dict):
        return {key: _repair_cell(each) for key, each in cell.items()}
    return cell


def _describe(name: RowName) -> str:
    return f"{name.split} {name.id} ({name.location})" if name.location else f"{name.split} {name.id}"
