"""Rows that no run can use: those without a target or an input, and those that are wrong in another way."""

from __future__ import annotations

from harness.data.checks.checked_rows import MOST_ROWS, excerpt
from harness.data.pipeline import TaskRows
from harness.types import DataFinding, FlaggedRow, RowName


def find_unusable_rows(rows: TaskRows) -> list[DataFinding]:
    """A finding for rows that lack what they need, and one for the others."""
    empty = [rows.locate(place) for place in rows.empty_rows]
    lacking = set(empty)
    reasons = {row.location: row.reason for row in rows.bad_rows}
    total = sum(len(examples) for examples in rows.examples.values()) + rows.bad_count
    findings = []
    if empty:
        flagged = tuple(_flag(location, reasons.get(location, "")) for location in empty[:MOST_ROWS])
        findings.append(DataFinding("empty", "warns", len(empty), total, rows=flagged))
    if others := rows.bad_count - len(empty):
        named = [row for row in rows.bad_rows if row.location not in lacking][:MOST_ROWS]
        findings.append(DataFinding("unusable", "warns", others, total, rows=tuple(_flag(row.location, row.reason) for row in named)))
    return findings


def _flag(location: str, reason: str) -> FlaggedRow:
    return FlaggedRow(RowName("", "", location), value=excerpt(reason))
