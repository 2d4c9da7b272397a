"""Which column names the split of each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.data.inspect.column_profile import ColumnProfile
from harness.data.inspect.remarks import Remarks
from harness.data.records import parse_split, quote


def names_splits(column: ColumnProfile) -> bool:
    """Whether every value of a column names a split, and at least two splits occur: train and dev, for example."""
    return None not in (splits := {parse_split(text) for text in column.counts}) and len(splits) > 1


def choose_split_column(columns: Sequence[ColumnProfile], remarks: Remarks) -> ColumnProfile | None:
    """The first of these columns that has rows for training and for testing."""
    for column in columns:
        sizes = Counter(parse_split(text) for text in column.texts if text)
        if sizes["train"] and sizes["test"]:
            counts = [f"{sizes[split]:,} {split}" for split in ("train", "validation", "test") if sizes[split]]
            remarks.reasons["split"] = f"given: {', '.join(counts)}"
            return column
        missing = "test" if sizes["train"] else "train"
        remarks.notes.append(f"{quote(column.name)} names splits, but is not used: no row is for {missing}")
    return None
