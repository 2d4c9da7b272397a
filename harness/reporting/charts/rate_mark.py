"""A small picture of an error rate in the cell of a table."""

from __future__ import annotations

from markupsafe import Markup

from harness.reporting.charts.svg import Scale, element, line
from harness.reporting.views.sections import ErrorRow, ErrorTable


def rate_mark(row: ErrorRow, table: ErrorTable) -> Markup:
    """A point and its interval on a scale from 0 that all rows of the table share; lighter where the interval has low confidence."""
    value, low, high = row.rate.value, row.rate.low, row.rate.high
    if value is None:
        return Markup("")
    ends = [end for each in table.rows for end in (each.rate.value, each.rate.high) if end is not None]
    scale = Scale(0.0, max(*ends, 1e-9), 6.0, 134.0)
    parts = [line(6, 11, 134, 11, "grid")]
    tone = "base" if row.is_base else "tuned"
    if low is not None and high is not None:
        parts.append(line(scale(low), 11, scale(high), 11, f"whisker thick {tone}{'' if row.rate.reliable else ' light'}"))
    parts.append(element("circle", cx=scale(value), cy=11, r=4.5, class_=f"point {tone}"))
    return element("svg", Markup("").join(parts), class_="mark", viewBox="0 0 140 22", aria_hidden="true")
