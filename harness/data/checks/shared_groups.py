"""Columns that look like a patient or a document and whose values are in several splits: rows of one group make training tell the test."""

from __future__ import annotations

import re
from collections import Counter

from harness.data.checks.checked_rows import MOST_ROWS, CheckedRows
from harness.data.checks.copies import list_shared_groups
from harness.data.inspect import names_a_group, names_an_id
from harness.types import DataFinding

_MIN_VALUES = 10  # fewer are categories
_MAX_WORDS = 5
_MAX_SHARE = 0.2  # of the rows that share one value: more is a category
_LONG_TEXT = 200  # characters: an input that long and the same in several rows is a passage or a document
_CODE = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])[\w./#:-]{2,40}")  # T-1000, 8f3a…; a date has no letter


def find_shared_groups(rows: CheckedRows) -> list[DataFinding]:
    """One finding for each such column that is not the task's group; if the task has one, a finding where given splits divide it.

    A column counts if it is named as a group ("patient_id") or an id, or holds codes, and if its values repeat: at least ten of them, none
    in more than a fifth of the rows. A long input that repeats, such as the passage of several questions, counts, too.
    """
    if any(example.group is not None for example in rows.examples):
        return _find_divided_groups(rows)
    columns: dict[str, list[str]] = {}
    for example in rows.examples:
        for column in example.meta:
            columns.setdefault(column, [])
    findings = [finding for column in columns if (finding := _judge(rows, column, _meta_values(rows, column), is_input=False))]
    if len(rows.inputs) > 1:
        inputs = ((name, [example.inputs.get(name, "") for example in rows.examples]) for name in rows.inputs[1:])
        findings += [finding for name, values in inputs if (finding := _judge(rows, name, values, is_input=True))]
    return findings


def _find_divided_groups(rows: CheckedRows) -> list[DataFinding]:
    shared = list_shared_groups(rows)
    if not shared:
        return []
    column = rows.task.data.fields.get("group") or "group"
    flagged = tuple(rows.flag(row, value=rows.examples[row].group or "", other=other) for row, other in list(shared.items())[:MOST_ROWS])
    groups = len({rows.examples[row].group for row in shared})
    earlier = rows.sizes["train"] + rows.sizes["validation"]
    return [
        DataFinding(
            "divided_groups", "spoils", len(shared), earlier, rows=flagged, splits=rows.count_by_split(shared), values={column: groups}
        )
    ]


def _meta_values(rows: CheckedRows, column: str) -> list[str]:
    cells = (example.meta.get(column) for example in rows.examples)
    return [str(cell).strip() if isinstance(cell, str | int) and not isinstance(cell, bool) else "" for cell in cells]


def _judge(rows: CheckedRows, column: str, values: list[str], *, is_input: bool) -> DataFinding | None:
    counts = Counter(filter(None, values))
    filled = counts.total()
    if len(counts) < _MIN_VALUES or len(counts) == filled or max(counts.values()) > _MAX_SHARE * filled or 2 * filled < len(rows):
        return None
    if is_input:
        if sum(len(value) for value in counts) < _LONG_TEXT * len(counts):
            return None
    elif not _is_group(column, counts):
        return None
    in_training = {values[row] for row in rows.of_split("train")}
    shared = [row for row in rows.of_split("validation", "test") if values[row] and values[row] in in_training]
    if not shared:
        return None
    first = {value: row for row, value in reversed(list(enumerate(values))) if rows.splits[row] == "train"}
    flagged = tuple(rows.flag(row, value=values[row], other=first[values[row]]) for row in shared[:MOST_ROWS])
    held_out = rows.sizes["validation"] + rows.sizes["test"]
    is_certain = is_input or names_a_group(column)
    return DataFinding(
        "shared_groups",
        "spoils" if is_certain else "warns",
        len(shared),
        held_out,
        rows=flagged,
        splits=rows.count_by_split(shared),
        values={column: len(counts)},
        limits={"is_input": float(is_input)},
    )


def _is_group(column: str, counts: Counter[str]) -> bool:
    if any(len(value.split()) > _MAX_WORDS for value in counts):
        return False
    if names_a_group(column):
        return True
    repeated = sum(1 for count in counts.values() if count > 1)
    if 2 * repeated < len(counts):  # an id that repeats here and there is a duplicate, not a group
        return False
    return names_an_id(column) or all(map(_CODE.fullmatch, counts))
