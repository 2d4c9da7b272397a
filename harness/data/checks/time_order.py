"""A column with dates in data that is split at random: training then knows what came after the test examples."""

from __future__ import annotations

from harness.data.checks.checked_rows import CheckedRows
from harness.data.inspect import detect_dates
from harness.types import DataFinding

_LEAST_DATES = 10


def find_time_order(rows: CheckedRows, *, is_split: bool) -> list[DataFinding]:
    """A finding for each column of dates, if rows are split by chance.

    Args:
        is_split: whether the data has its own splits.
    """
    if is_split or rows.task.data.split.by is not None:
        return []
    columns = dict.fromkeys(column for example in rows.examples for column in example.meta)
    findings = []
    for column in columns:
        cells = [example.meta.get(column) for example in rows.examples]
        dates = {str(cell).strip() for cell in cells if cell is not None and str(cell).strip()}
        filled = sum(1 for cell in cells if cell is not None and str(cell).strip())
        if len(dates) >= _LEAST_DATES and filled == len(rows) and detect_dates(dates):
            findings.append(DataFinding("ordered_by_time", "notes", len(rows), len(rows), values={column: len(dates)}))
    return findings
