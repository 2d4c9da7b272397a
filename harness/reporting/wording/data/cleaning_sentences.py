"""What a cleaning changed."""

from __future__ import annotations

from collections.abc import Mapping

from harness.text import plural

_REMOVED: Mapping[str, str] = {
    "leaks": "from training or validation, because a later split has them",
    "duplicates": "as duplicates",
    "near-duplicates": "as near duplicates",
    "conflicts": "because of contradictory labels",
    "empty": "for lack of a target or an input",
    "placeholders": "because of a placeholder as target",
    "repeated-targets": "because an earlier row has the same repeated target",
    "rare-classes": "because their class has fewer than 10 training examples",
    "unreadable": "because they cannot be read",
}


def describe_cleaning(path: str, log: str, *, rows: int, rows_before: int, removed: Mapping[str, int], changed: int) -> list[str]:
    """What was written, what was removed and why, and where it is logged."""
    lines = [f"Wrote {path}: {rows:,} of {plural(rows_before, 'row')}."]
    lines += [f"Removed {_REMOVED[why]}: {plural(count, 'row')}." for why, count in removed.items()]
    lines += [f"Repaired: the texts of {plural(changed, 'row')}."] if changed else []
    if not removed and not changed:
        lines.append("Nothing had to be removed or repaired.")
    return [*lines, f"Every change is in {log}."]


def describe_split_column(column: str) -> str:
    """How a task reads the splits of the cleaned rows."""
    return f"The splits are in the column '{column}'. In a task, replace the files by this one and add: split: {{column: {column}}}"
