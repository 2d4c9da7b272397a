"""The limits of an experiment's difference over time: a band that narrows around the measured difference."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from harness.lifecycle.experiments import DAY, ExperimentReading, LookPoint
from harness.reporting.charts.axes import y_axis
from harness.reporting.charts.svg import Scale, figure, label, line, path
from harness.reporting.wording.experiments import outcome_words, reading_sentences

_FEWEST = 2  # looks that make a line
_DATE = 84.0  # pixels that a date needs
_SHOWN_SHARE = 0.04  # of the looks: the first, whose limits are as wide as the scale, would flatten the rest


def draw_limits_chart(reading: ExperimentReading, name: str) -> Markup:
    """The limits of the deciding outcome by day; empty where no outcome is final."""
    points = _shown(reading.deciding.path)
    if len(points) < _FEWEST:
        return Markup("")
    spec = reading.deciding.spec
    factor = 100.0 if spec.is_share else 1.0
    width, height, left, right, top, bottom = 560.0, 300.0, 46.0, 12.0, 28.0, 36.0
    values = [factor * value for point in points for value in (point.low, point.high)]
    low, high = min(*values, 0.0), max(*values, 0.0)
    y = Scale(low - 0.06 * (high - low), high + 0.06 * (high - low), height - bottom, top)
    x = Scale(points[0].time, points[-1].time, left, width - right)
    band = [(x(p.time), y(factor * p.high)) for p in points] + [(x(p.time), y(factor * p.low)) for p in reversed(points)]
    estimates = [(x(p.time), y(factor * p.estimate)) for p in points if p.estimate is not None and y.low <= factor * p.estimate <= y.high]
    edges = [path(band[: len(points)], "curve thin tuned"), path(band[len(points) :], "curve thin tuned")]
    parts = [path(band, "band"), *y_axis(y, left, width - right), *_dates(x, height - bottom, top), *edges]
    parts.append(path(estimates, "curve training") if estimates else Markup(""))
    parts += _marks(reading, factor, (x, y))
    parts.append(label(4, 14, reading_sentences.name_axis(reading), "axis-title", limit=90))
    title, description = reading_sentences.title_chart(reading), reading_sentences.describe_chart(reading)
    return figure(name, (width, height), parts, title=title, description=description)


def _shown(path: Sequence[LookPoint]) -> Sequence[LookPoint]:
    """The looks without the first few."""
    return path[int(len(path) * _SHOWN_SHARE) :]


def _dates(x: Scale, floor: float, top: float) -> list[Markup]:
    """Lines at whole days with their dates, as many as have room."""
    days = range(int(-(-x.low // DAY)), int(x.high // DAY) + 1)
    every = max(1, -(-len(days) * int(_DATE) // max(1, int(x.end - x.start))))
    parts = []
    for day in list(days)[::every]:
        at = x(day * DAY)
        parts.append(line(at, floor, at, top, "grid"))
        if x.start + _DATE / 2 <= at <= x.end - _DATE / 2 or len(days) <= every:
            parts.append(label(at, floor + 17, outcome_words.day(day * DAY), "tick", "middle"))
    return parts


def _marks(reading: ExperimentReading, factor: float, scales: tuple[Scale, Scale]) -> list[Markup]:
    """The line at no difference, the line at the margin, and the look that decided."""
    x, y = scales
    sign = reading.deciding.spec.sign * (1 if reading.experiment.goal == "better" else -1)
    margin = factor * sign * reading.experiment.margin
    parts = [line(x.start, y(0.0), x.end, y(0.0), "zero")]
    if y.low < margin < y.high:
        parts.append(line(x.start, y(margin), x.end, y(margin), "reference"))
        parts.append(label(x.end, y(margin) - 5, reading_sentences.name_margin(reading), "label halo muted", "end"))
    if reading.decided is not None and x.low <= reading.decided <= x.high:
        at = x(reading.decided)
        parts.append(line(at, y.start, at, y.end, "leader"))
        to_left = at > (x.start + x.end) / 2
        parts.append(label(at + (-5 if to_left else 5), y.end + 12, reading_sentences.DECIDED, "label halo", "end" if to_left else "start"))
    return parts
