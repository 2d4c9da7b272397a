"""Quality against cost of a cascade over its thresholds, on the calibration examples."""

from __future__ import annotations

from markupsafe import Markup

from harness.reporting.charts.axes import padded_scale, x_axis, y_axis, y_title
from harness.reporting.charts.svg import Scale, element, figure, label, line, path, text_width
from harness.reporting.views import TaskView
from harness.reporting.views.sections import CascadeReport
from harness.reporting.wording import cascade_sentences, names
from harness.text import short

_NAME = 28


def draw_cascade_chart(task: TaskView, report: CascadeReport, name: str) -> Markup:
    """The curve from everything kept to everything passed on, the chosen threshold, and the second strategy alone.

    Costs are on the horizontal axis where they are known, else the share that is passed on. Empty where no point has a quality.
    """
    points = report.measured.points
    places = [place for place, point in enumerate(points) if point.quality is not None]
    if not places:
        return Markup("")
    unit, is_priced = task.primary.unit, bool(report.prices)
    costs = report.prices if is_priced else tuple(100 * point.passed_on for point in points)
    width, height, left, right, top, bottom = 560.0, 320.0, 62.0, 24.0, 24.0, 48.0
    alone = report.second_price if is_priced else None
    most = max([*costs, *([alone] if alone is not None else [])])
    x = Scale(0.0, most * 1.05 or 1.0, left, width - right)
    y = padded_scale([points[place].quality or 0.0 for place in places], height - bottom, top)
    parts = [*y_axis(y, left, width - right), *x_axis(x, height - bottom, top)]
    axis = cascade_sentences.axis_price(report) if is_priced else cascade_sentences.AXIS_SHARE
    parts.append(label(width - right, height - 8, axis, "axis-title", "end"))
    parts.append(y_title(cascade_sentences.name_quality(task.primary.name), top))
    at = {place: (x(costs[place]), y(points[place].quality or 0.0)) for place in places}
    parts.append(path([at[place] for place in places], "curve tone1"))
    for place in places:
        hover = element("title", cascade_sentences.hover_point(report, place, unit))
        parts.append(element("circle", hover, cx=at[place][0], cy=at[place][1], r=3, class_="spot solid tone1"))
    if alone is not None and 0 in at:
        parts += _mark_alone(report, (x(alone), at[0][1]), width - right)
    if report.measured.chosen in at:
        parts += _mark_chosen(report, at[report.measured.chosen], (x, y))
    title, description = cascade_sentences.title_cascade(report), cascade_sentences.describe_chart(report, unit)
    return figure(name, (width, height), parts, title=title, description=description)


def _mark_alone(report: CascadeReport, at: tuple[float, float], end: float) -> list[Markup]:
    """The second strategy without the first: the same answers as where everything is passed on, without the first model's costs."""
    text = short(names.strategy_name(report.then), _NAME)
    to_left = at[0] + 12 + text_width(text) > end
    return [
        element("circle", element("title", text), cx=at[0], cy=at[1], r=5, class_="point tone2"),
        label(at[0] + (-10 if to_left else 10), at[1] + 18, text, "label halo", "end" if to_left else "start", limit=_NAME),
    ]


def _mark_chosen(report: CascadeReport, at: tuple[float, float], scales: tuple[Scale, Scale]) -> list[Markup]:
    x, y = scales
    text = cascade_sentences.name_chosen(report)
    to_left = at[0] + 12 + text_width(text) > x.end
    height = y.end + 10 if at[1] > (y.start + y.end) / 2 else y.start - 10
    return [
        line(at[0], height, at[0], at[1], "leader"),
        element("circle", cx=at[0], cy=at[1], r=9, class_="ring chosen"),
        label(at[0] + (-6 if to_left else 6), height + 4, text, "label halo", "end" if to_left else "start"),
    ]
