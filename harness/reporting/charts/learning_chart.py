"""Scores by number of training examples: measured points on a solid line, predicted points on a dashed one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from harness.reporting.charts.axes import y_axis, y_title
from harness.reporting.charts.point_names import label_heights
from harness.reporting.charts.point_styles import strategy_tones
from harness.reporting.charts.svg import Scale, element, figure, label, line, path, text_width
from harness.reporting.views import TaskView
from harness.reporting.views.sections import StrategyCurve, shown_forecasts
from harness.reporting.wording import chart_texts, first_screen, names, numbers
from harness.results import StrategyResult
from harness.statistics import FAR_FACTOR, LearningCurve
from harness.text import one_line, short

_LABEL = 28
_STEPS = 60  # points of a drawn curve
_APART = 5.0  # pixels between two strategies at one size, so that their whiskers do not overlap
_TICK_GAP = 46.0  # pixels that the number of a size needs


def draw_learning_chart(task: TaskView, model: str, name: str) -> Markup:
    """The curves of one model's strategies on one task; its untrained strategies are horizontal lines."""
    if task.learning is None:
        return Markup("")
    curves = [curve for curve in task.learning.curves if curve.model == model]
    across = [result for result in task.learning.references if result.model == model]
    labels = [*(each.label for each in curves), *(each.label for each in across)]
    name_width = max(text_width(_strategy_name(label, model)) for label in labels)
    width, height, left, right, top, bottom = 640.0, 360.0, 62.0, min(240.0, name_width + 22 + len(curves) * _APART / 2), 18.0, 48.0
    x = _Sizes([size for each in curves for size in _sizes(each.curve)], left + 12, width - right)
    y = _score_scale(curves, across, height - bottom, top)
    parts = [*_far(curves, x, height - bottom, top), *y_axis(y, left, width - right), *_size_axis(x, height - bottom, top)]
    parts.append(label(width - right, height - 8, chart_texts.TRAINING_EXAMPLES, "axis-title", "end"))
    score = first_screen.score_label(task, task.primary.name)
    parts.append(y_title(score, top))
    ends = [_Name(width - right, y(_value(each)), _strategy_name(each.label, model), "label muted") for each in across]
    parts += [line(left, name.y, width - right, name.y, "reference") for name in ends]
    tones = strategy_tones(task.strategies[0].run.plan)
    for i, curve in enumerate(curves):
        tone = tones[curve.strategy]
        aside = replace(x, aside=(i - (len(curves) - 1) / 2) * _APART)
        parts += _curve(curve, aside, y, (tone, task.primary.unit))
        size, value = _end(curve.curve)
        ends.append(_Name(x(size) + len(curves) * _APART / 2, y(value), _strategy_name(curve.label, model), f"label halo {tone}"))
    parts += _draw_names(ends, top + 10, height - bottom - 4)
    described = " ".join(chart_texts.describe_curve_points(curve, task.primary) for curve in curves)
    title = chart_texts.title_learning_curve(score, task.name)
    return figure(name, (width, height), parts, title=title, description=f"{chart_texts.BARS} {described}")


@dataclass(frozen=True)
class _Name:
    """The name at the end of a line."""

    x: float
    y: float
    text: str
    class_: str


def _draw_names(ends: Sequence[_Name], low: float, high: float) -> list[Markup]:
    """The names at the ends of their lines, moved apart where they would overlap."""
    placed = label_heights([(name.x, name.text) for name in ends], [name.y + 4 for name in ends], low, high)
    return [label(name.x + 10, at, name.text, name.class_, limit=_LABEL) for name, at in zip(ends, placed, strict=True)]


def _value(each: StrategyResult) -> float:
    return each.primary.value if each.primary and each.primary.value is not None else 0.0


@dataclass(frozen=True)
class _Sizes:
    """The axis of training examples, on a log scale; `aside` shifts one strategy's points and curve by some pixels."""

    sizes: Sequence[int]
    start: float
    end: float
    aside: float = 0.0

    @property
    def scale(self) -> Scale:
        low, high = math.log10(min(self.sizes)), math.log10(max(self.sizes))
        return Scale(low, high, self.start, self.end)

    def __call__(self, size: float) -> float:
        return self.scale(math.log10(size)) + self.aside

    def ticks(self) -> list[int]:
        """As many of the sizes run and predicted as leave room for their numbers; the largest is always among them."""
        kept: list[int] = []
        for size in sorted(set(self.sizes), reverse=True):
            if not kept or self(kept[-1]) - self(size) >= _TICK_GAP:
                kept.append(size)
        return kept[::-1]


def _strategy_name(label: str, model: str) -> str:
    """The name without the model, which is in the title of the chart."""
    return short(names.strategy_name(names.without_model(label, model)), _LABEL)


def _sizes(curve: LearningCurve) -> list[int]:
    return [size for size, _ in curve.points] + [f.size for f in shown_forecasts(curve)]


def _end(curve: LearningCurve) -> tuple[int, float]:
    """The end of the line: the last forecast, else the last score."""
    forecasts = shown_forecasts(curve)
    size, score = curve.points[-1]
    return (forecasts[-1].size, forecasts[-1].value) if forecasts else (size, score.value or 0.0)


def _score_scale(curves: Sequence[StrategyCurve], across: Sequence[StrategyResult], start: float, end: float) -> Scale:
    """A scale for scores with their intervals and forecasts without: a very wide interval must not flatten the rest."""
    scores = [score for each in curves for _, score in each.curve.points]
    values = [v for s in scores for v in (s.value, s.low, s.high) if v is not None]
    values += [f.value for each in curves for f in shown_forecasts(each.curve)]
    values += [_value(each) for each in across]
    low, high = min(values), max(values)
    pad = (high - low) * 0.08 or max(abs(high) * 0.1, 0.01)
    return Scale(low - pad, high + pad, start, end)


def _size_axis(x: _Sizes, floor: float, top: float) -> list[Markup]:
    parts = [line(x(t), floor, x(t), top, "grid") for t in x.ticks()]
    return parts + [label(x(t), floor + 17, f"{t:,}", "tick", "middle") for t in x.ticks()]


def _far(curves: Sequence[StrategyCurve], x: _Sizes, floor: float, top: float) -> list[Markup]:
    """The area of forecasts beyond ten times the largest size run."""
    limit = FAR_FACTOR * max(each.curve.points[-1][0] for each in curves)
    if limit >= max(x.sizes):
        return []
    at, end = x(limit), x(max(x.sizes))
    shade = element("rect", x=at, y=top, width=end - at, height=floor - top, class_="far")
    return [shade, label(end, top - 5, chart_texts.FAR_FORECASTS, "tick", "end")]


def _curve(each: StrategyCurve, x: _Sizes, y: Scale, style: tuple[str, str]) -> list[Markup]:
    """Scores with their intervals; the fitted curve, or straight lines where there is none; forecasts as open circles.

    Args:
        style: the class of the colour, and the unit of the score.
    """
    tone, unit = style
    points = [(size, score) for size, score in each.curve.points if score.value is not None]
    first, last = points[0][0], points[-1][0]
    parts: list[Markup] = []
    if not each.curve.laws:
        parts.append(path([(x(size), y(score.value or 0.0)) for size, score in points], f"curve thin {tone}"))
    else:
        parts.append(path([(x(n), y(each.curve.at(n))) for n in _between(first, last)], f"curve {tone}"))
        parts.append(path([(x(n), y(each.curve.at(n))) for n in _between(last, _end(each.curve)[0])], f"curve dashed {tone}"))
    for size, score in points:
        hover = one_line(chart_texts.hover_curve_point(each, size, chart_texts.describe_score(score, unit)))
        parts += _point((x(size), y(score.value or 0.0)), _whisker(score.low, score.high, y), hover, f"solid {tone}")
    for f in shown_forecasts(each.curve):
        value = f"{numbers.score(f.value, unit)} ({numbers.interval(f.low, f.high, unit)})"
        hover = one_line(chart_texts.hover_curve_point(each, f.size, value, predicted=True))
        parts += _point((x(f.size), y(f.value)), _whisker(f.low, f.high, y), hover, f"open {tone}")
    return parts


def _between(first: int, last: int) -> list[float]:
    return [first * (last / first) ** (i / _STEPS) for i in range(_STEPS + 1)]


def _whisker(low: float | None, high: float | None, y: Scale) -> tuple[float, float] | None:
    """Both ends in pixels, cut off at the edge of the chart."""
    if low is None or high is None:
        return None
    return y(max(low, y.low)), y(min(high, y.high))


def _point(at: tuple[float, float], whisker: tuple[float, float] | None, hover: str, class_: str) -> list[Markup]:
    parts = [line(at[0], whisker[0], at[0], whisker[1], f"whisker {class_}")] if whisker else []
    return [*parts, element("circle", element("title", hover), cx=at[0], cy=at[1], r=3.5, class_=f"spot {class_}")]
