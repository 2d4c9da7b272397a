"""What follows from the chosen target and inputs: related rows, other plausible targets, and notes about labels."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from harness.data.inspect import column_names
from harness.data.inspect.column_names import match_name, plain_name
from harness.data.inspect.column_profile import ColumnProfile, has_same_texts, is_equivalent
from harness.data.inspect.id_and_group import MIN_GROUPS
from harness.data.inspect.remarks import Remarks, describe_column
from harness.data.records import quote
from harness.text import plural

_DESCRIBING = ("text", "number", "boolean")  # types of columns from which a text could be written
_FEWEST_DESCRIBING = 2
MIN_LABEL_ROWS = 10  # a label with fewer rows may be missing from the test set


def find_passage_group(inputs: Mapping[str, ColumnProfile], columns: Sequence[ColumnProfile], remarks: Remarks) -> ColumnProfile | None:
    """The group of questions about the same passage: the title of its document if there is one, else the passage itself."""
    context = inputs.get("context")
    if context is None or context.is_list or 10 * context.distinct > 9 * context.filled or context.distinct < MIN_GROUPS:
        return None
    titles = [c for c in columns if plain_name(c.name) == "title" and c.distinct >= MIN_GROUPS and not c.empty and not c.is_unique]
    group = titles[0] if titles else context
    if group.empty:
        remarks.notes.append(
            f"questions about the same text could be kept together by {quote(group.name)}, but {plural(group.empty, 'row')} "
            f"{'has' if group.empty == 1 else 'have'} no value"
        )
        return None
    remarks.reasons["group"] = f"{group.distinct:,} distinct values in {group.filled:,} questions"
    return group


def find_fold_column(target: ColumnProfile, inputs: Mapping[str, ColumnProfile], remarks: Remarks) -> str | None:
    """The input column that identifies the inputs, if at least a fifth of the rows share their inputs with rows of other targets."""
    rows = list(zip(*(c.texts for c in inputs.values()), strict=True))
    targets: dict[tuple[str, ...], set[str]] = {}
    for row, text in zip(rows, target.texts, strict=True):
        targets.setdefault(row, set()).add(text)
    ambiguous = {row for row, texts in targets.items() if len(texts) > 1}
    if 5 * sum(row in ambiguous for row in rows) < len(rows):
        return None
    for column in inputs.values():
        if column.distinct == len(targets):
            remarks.reasons["fold"] = f"{len(targets):,} distinct inputs in {len(rows):,} rows, with different targets"
            return column.name
    return None


def find_other_targets(
    target: ColumnProfile, columns: Sequence[ColumnProfile], inputs: Collection[ColumnProfile], max_numbers: int
) -> list[str]:
    """Descriptions of other columns that could be the target: labels, and texts; the longest of the inputs only in place of a label, and
    where other columns describe what it is about.

    Args:
        columns: all except the id and the group.
        max_numbers: more distinct numbers than this are measurements.
    """
    longest = max(inputs, key=lambda c: c.median_words, default=None)
    descriptions = []
    for column in columns:
        if column in inputs and not column.is_text:
            continue
        if column is longest and not (target.is_label and _count_describing(columns, column, target) >= _FEWEST_DESCRIBING):
            continue
        is_measurement = column.type == "number" and column.distinct > max_numbers
        if column is target or column_names.names_a_prediction(column.name) or is_measurement:
            continue
        if column.is_label and not _names_rows(column.name) and not is_equivalent(column, target):
            descriptions.append(f"target: {quote(column.name)}, a label ({column.distinct} distinct values)")
        elif (column.is_text or match_name(column.name, column_names.TEXTS)) and not column.is_label and not has_same_texts(column, target):
            descriptions.append(f"target: {quote(column.name)} ({describe_column(column)})")
    return descriptions


def label_notes(labels: Sequence[tuple[str, int]], target: ColumnProfile, inputs: Mapping[str, ColumnProfile]) -> list[str]:
    """Notes about unbalanced, rare and contradictory labels.

    Args:
        labels: with their number of rows, the most frequent first.
    """
    notes = []
    (most_frequent, max_rows), (least_frequent, min_rows) = labels[0], labels[-1]
    if max_rows >= 3 * min_rows:
        notes.append(
            f"the labels are unbalanced: {quote(most_frequent)} has {plural(max_rows, 'row')}, "
            f"{quote(least_frequent)} has {plural(min_rows, 'row')}"
        )
    rare = sum(rows < MIN_LABEL_ROWS for _, rows in labels)
    if rare:
        notes.append(f"{rare} of {len(labels)} labels have fewer than {MIN_LABEL_ROWS} rows: the test set may not contain all labels")
    by_inputs: dict[tuple[str, ...], set[str]] = {}
    for *texts, label in zip(*(c.texts for c in inputs.values()), target.texts, strict=True):
        by_inputs.setdefault(tuple(texts), set()).add(label)
    contradictory = sum(len(texts) > 1 for texts in by_inputs.values())
    if contradictory:
        notes.append(f"{plural(contradictory, 'input')} with more than one label")
    return notes


def _count_describing(columns: Sequence[ColumnProfile], text: ColumnProfile, target: ColumnProfile) -> int:
    return sum(column.type in _DESCRIBING for column in columns if column not in (text, target))


def _names_rows(name: str) -> bool:
    return bool(column_names.names_a_group(name) or column_names.names_an_id(name) or match_name(name, column_names.TITLES))
