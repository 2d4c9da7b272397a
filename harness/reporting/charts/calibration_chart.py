"""The probability that a classifier gives its chosen labels, and how often they are correct."""

from __future__ import annotations

from markupsafe import Markup

from harness.reporting.charts.axes import x_axis, y_axis, y_title
from harness.reporting.charts.svg import Scale, element, figure, label, line
from harness.reporting.views.sections import Calibration
from harness.reporting.wording import chart_texts, run_sentences


def draw_calibration_chart(calibration: Calibration, name: str) -> Markup:
    """The mean probability of each bin (x) and its accuracy (y); the larger a point, the more examples it has."""
    width, height, left, right, top, bottom = 380.0, 340.0, 52.0, 16.0, 16.0, 46.0
    x_scale, y_scale = Scale(0.0, 1.0, left, width - right), Scale(0.0, 1.0, height - bottom, top)
    parts = [*y_axis(y_scale, left, width - right), *x_axis(x_scale, height - bottom, top)]
    parts.append(line(x_scale(0), y_scale(0), x_scale(1), y_scale(1), "reference"))
    parts.append(label(width - right, height - 8, chart_texts.PROBABILITY, "axis-title", "end"))
    parts.append(y_title(chart_texts.ACCURACY, top))
    most = max(b.examples for b in calibration.bins)
    for b in calibration.bins:
        x = x_scale(b.confidence)
        if b.low is not None and b.high is not None:
            parts.append(line(x, y_scale(b.low), x, y_scale(b.high), "whisker tuned"))
        hover = element("title", chart_texts.hover_bin(b))
        parts.append(element("circle", hover, cx=x, cy=y_scale(b.accuracy), r=2.5 + 6 * (b.examples / most) ** 0.5, class_="point tuned"))
    title = chart_texts.title_calibration(run_sentences.describe_source(calibration.source))
    description = chart_texts.describe_bins(calibration.bins)
    return figure(name, (width, height), parts, title=title, description=description, class_="chart small")
