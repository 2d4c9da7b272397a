"""Small pictures in the cells of tables: an interval, and the shade of a count."""

from __future__ import annotations

from markupsafe import Markup

from harness.reporting.charts.axes import padded_scale
from harness.reporting.charts.svg import element, line
from harness.reporting.views import TaskView
from harness.results import StrategyResult


def interval_mark(result: StrategyResult, task: TaskView) -> Markup:
    """A point and its interval on the scale that all rows of the table share; a thin line marks the score of the untuned model."""
    if result.primary is None or result.primary.value is None:
        return Markup("")
    primaries = [r.primary for r in task.strategies if r.primary]
    scale = padded_scale([v for p in primaries for v in (p.value, p.low, p.high) if v is not None], 6.0, 134.0)
    parts = [line(6, 11, 134, 11, "grid")]
    base = next((r.primary.value for r in task.strategies if r.is_base and r.model == result.model and r.primary), None)
    if base is not None:
        parts.append(line(scale(base), 2, scale(base), 20, "reference"))
    tone = "base" if result.is_base else "tuned"
    if result.primary.low is not None and result.primary.high is not None:
        parts.append(line(scale(result.primary.low), 11, scale(result.primary.high), 11, f"whisker thick {tone}"))
    parts.append(element("circle", cx=scale(result.primary.value), cy=11, r=4.5, class_=f"point {tone}"))
    return element("svg", Markup("").join(parts), class_="mark", viewBox="0 0 140 22", aria_hidden="true")


def heat(count: int, of: int) -> int:
    """The shade, 0–5, of a cell of the confusion matrix by its share of the row; a count above 0 always has a shade."""
    return 0 if not count or not of else 1 + min(4, int(5 * count / of))
