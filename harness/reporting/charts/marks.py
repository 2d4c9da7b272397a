"""Small pictures in the cells of tables: an interval, and the shade of a count."""

from __future__ import annotations

from markupsafe import Markup

from harness.reporting.charts.axes import score_scale
from harness.reporting.charts.svg import element, line
from harness.reporting.views.view import TaskView
from harness.results import StrategyResult


def interval_mark(ln: StrategyResult, task: TaskView) -> Markup:
    """A point and its interval on the scale that all rows of the table share; a thin line stands at the score of base."""
    if ln.primary is None or ln.primary.value is None:
        return Markup("")
    scale = score_scale(task.lines, 6.0, 134.0)
    parts = [line(6, 11, 134, 11, "grid")]
    base = next((b.primary.value for b in task.lines if b.is_base and b.model == ln.model and b.primary), None)
    if base is not None:
        parts.append(line(scale(base), 2, scale(base), 20, "reference"))
    tone = "base" if ln.is_base else "tuned"
    if ln.primary.low is not None and ln.primary.high is not None:
        parts.append(line(scale(ln.primary.low), 11, scale(ln.primary.high), 11, f"whisker thick {tone}"))
    parts.append(element("circle", cx=scale(ln.primary.value), cy=11, r=4.5, class_=f"point {tone}"))
    return element("svg", Markup("").join(parts), class_="mark", viewBox="0 0 140 22", aria_hidden="true")


def heat(count: int, of: int) -> int:
    """The shade, 0–5, of a cell of the confusion matrix by its share of the row; whatever is not nothing has a shade."""
    return 0 if not count or not of else 1 + min(4, int(5 * count / of))
