"""Cost and quality: one chart for each measure of cost, between which the reader switches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.reporting.charts.axes import padded_scale, x_axis, y_axis, y_title
from harness.reporting.charts.point_names import POINT_LABEL, Box, Place, Spot, label_places
from harness.reporting.charts.point_styles import draw_legend, draw_marker, model_shapes, point_style
from harness.reporting.charts.svg import Scale, element, figure, label, line, path
from harness.reporting.views import OverallGain, TaskView
from harness.reporting.wording import chart_texts, first_screen, names, numbers
from harness.results import StrategyCosts, StrategyResult
from harness.text import one_line, short

MOST_NAMES = 12  # of more points, only the best trade-offs and the base are named


@dataclass(frozen=True)
class CostMeasure:
    """One way to measure what a strategy costs. `value` is in the unit of the axis, `text` formats it."""

    name: str
    axis: str
    value: Callable[[StrategyCosts], float | None]
    text: Callable[[float], str]


@dataclass(frozen=True)
class CostPoint:
    """One strategy in the chart: its cost (x), its quality (y) with its interval, and the quality as text."""

    result: StrategyResult
    x: float
    y: float
    low: float | None
    high: float | None
    text: str
    chosen: bool


def list_measures(strategies: Sequence[StrategyResult]) -> tuple[CostMeasure, ...]:
    """The measures by which two or more strategies with a score are known, and not all are 0; first the one that separates most of them."""
    return _known_measures([result.costs for result in strategies if result.scored and result.costs])


def list_overall_measures(gains: Sequence[OverallGain]) -> tuple[CostMeasure, ...]:
    """`list_measures` for strategies over all tasks."""
    return _known_measures([gain.costs for gain in gains])


def draw_cost_chart(task: TaskView, measure: CostMeasure, name: str) -> Markup:
    """A measure of cost and the primary score of a task."""
    points = [point for result in task.strategies if (point := _task_point(result, task, measure)) is not None]
    score = first_screen.score_label(task, task.primary.name)
    return _draw(points, measure, (score, task.primary.direction), name, chart_texts.title_cost_chart(measure.name, score, task.name))


def draw_overall_chart(gains: Sequence[OverallGain], measure: CostMeasure, name: str) -> Markup:
    """A measure of cost over all tasks and the improvement over the untuned model."""
    points = [_overall_point(gain, x) for gain in gains if (x := measure.value(gain.costs)) is not None]
    return _draw(points, measure, (chart_texts.GAIN, "higher"), name, chart_texts.title_cost_chart(measure.name, chart_texts.GAIN, None))


def _known_measures(costs: Sequence[StrategyCosts]) -> tuple[CostMeasure, ...]:
    currency = costs[0].currency if costs else "USD"

    def money(name: str, value: Callable[[StrategyCosts], float | None]) -> CostMeasure:
        return CostMeasure(name, chart_texts.axis_money(name, currency), value, lambda v: numbers.money(v, currency))

    every = (
        money(chart_texts.COST_TO_TRAIN, lambda c: c.training_price),
        money(chart_texts.COST_PER_THOUSAND, lambda c: c.thousand_price),
        CostMeasure(
            chart_texts.TIME_TO_TRAIN,
            chart_texts.AXIS_TIME_TO_TRAIN,
            lambda c: _divide(c.training_seconds, 60),
            lambda v: numbers.seconds(60 * v),
        ),
        CostMeasure(chart_texts.TIME_PER_OUTPUT, chart_texts.AXIS_TIME_PER_OUTPUT, lambda c: c.answer_seconds, numbers.seconds),
        CostMeasure(
            chart_texts.MEMORY, chart_texts.AXIS_MEMORY, lambda c: _divide(c.peak_allocated, 2**30), lambda v: numbers.size(v * 2**30)
        ),
    )
    known = [(measure, [value for c in costs if (value := measure.value(c)) is not None]) for measure in every]
    shown = [(measure, len(set(values))) for measure, values in known if len(values) > 1 and max(values) > 0]
    first = max(shown, key=lambda pair: pair[1], default=None)  # training, which is free for prompts, would put them on one line
    return tuple(measure for measure, _ in ([first] if first else []) + [pair for pair in shown if pair is not first])


def _divide(amount: float | None, unit: int) -> float | None:
    return None if amount is None else amount / unit


def _task_point(result: StrategyResult, task: TaskView, measure: CostMeasure) -> CostPoint | None:
    x, score = measure.value(result.costs) if result.costs else None, result.primary
    if score is None or score.value is None or x is None:
        return None
    text = chart_texts.describe_score(score, task.primary.unit)
    return CostPoint(result, x, score.value, score.low, score.high, text, result.label == task.choice)


def _overall_point(gain: OverallGain, x: float) -> CostPoint:
    return CostPoint(gain.result, x, gain.gain, gain.low, gain.high, chart_texts.describe_gain(gain), chosen=False)


def _draw(points: Sequence[CostPoint], measure: CostMeasure, quality: tuple[str, str], name: str, title: str) -> Markup:
    """A named point for each strategy, and a line along the best trade-offs. A legend explains colours and shapes where names alone do not.

    Args:
        quality: the name of the y axis, and which direction is better.
    """
    width, height, left, right, top, bottom = 560.0, 340.0, 62.0, 24.0, 16.0, 48.0
    axis, direction = quality
    x_scale = Scale(0.0, max(p.x for p in points) * 1.05 or 1.0, left + 14, width - right)
    y_scale = padded_scale([v for p in points for v in (p.y, p.low, p.high) if v is not None], height - bottom, top)
    parts = [*y_axis(y_scale, left, width - right), *x_axis(x_scale, height - bottom, top)]
    parts.append(label(width - right, height - 8, measure.axis, "axis-title", "end"))
    parts.append(y_title(axis, top))
    front = sorted((p for p in points if _is_trade_off(p, points, direction)), key=lambda p: p.x)
    if len(front) > 1:
        parts.append(path([(x_scale(p.x), y_scale(p.y)) for p in front], "front"))
    named = points if len(points) <= MOST_NAMES else [p for p in points if p.result.is_base or p in front]
    shapes = model_shapes(points[0].result.run.plan)
    own_shapes = len(shapes) == len(set(shapes.values()))
    spots = [
        Spot(x_scale(p.x), y_scale(p.y), _height(y_scale, p.low), _height(y_scale, p.high), _short_name(p, own_shapes)) for p in points
    ]
    places = label_places(spots, [i for i, p in enumerate(points) if p in named], Box(left, top, width, height - bottom))
    for p, spot in zip(points, spots, strict=True):
        parts += _mark(p, spot)
    for i, place in places.items():  # names are drawn last, on top
        parts += _name(spots[i], place)
    if len(named) < len(points) or len({p.result.model for p in points}) > 1:
        legend, needed = draw_legend([p.result for p in points], left, width - right, height + 14)
        parts, height = [*parts, *legend], height + needed
    described = "; ".join(chart_texts.describe_point(p.result.label, p.text, measure.text(p.x)) for p in points)
    return figure(name, (width, height), parts, title=title, description=f"{chart_texts.BARS} {described}.")


def _short_name(point: CostPoint, own_shapes: bool) -> str:
    """The name beside a point: without the model where its shape tells which one that is."""
    result = point.result
    return names.strategy_name(names.without_model(result.label, result.model) if own_shapes else result.label)


def _is_trade_off(point: CostPoint, points: Sequence[CostPoint], direction: str) -> bool:
    """Whether no other strategy is both better and cheaper."""
    sign = -1 if direction == "lower" else 1
    return not any(p.x <= point.x and sign * p.y >= sign * point.y and (p.x, p.y) != (point.x, point.y) for p in points)


def _height(scale: Scale, value: float | None) -> float | None:
    return None if value is None else scale(value)


def _mark(point: CostPoint, spot: Spot) -> list[Markup]:
    """A point with its interval."""
    style = point_style(point.result)
    parts: list[Markup] = []
    if spot.low is not None and spot.high is not None:
        parts.append(line(spot.x, spot.low, spot.x, spot.high, f"whisker {style.tone}"))
        parts += [line(spot.x - 4, end, spot.x + 4, end, f"whisker {style.tone}") for end in (spot.low, spot.high)]
    if point.chosen:
        parts.append(element("circle", cx=spot.x, cy=spot.y, r=9, class_="ring chosen"))
    hover = f"{one_line(names.strategy_name(point.result.label))}: {point.text}"
    return [*parts, draw_marker(style, spot.x, spot.y, 5, hover=hover)]


def _name(spot: Spot, place: Place) -> list[Markup]:
    """The name of a point, with a line to it where the name is further away."""
    parts: list[Markup] = []
    if abs(place.y - 4 - spot.y) > 6:
        side = 1 if place.anchor == "start" else -1
        parts.append(line(spot.x + 6 * side, spot.y, spot.x + 10 * side, place.y - 4, "leader"))
    return [*parts, label(place.x, place.y, short(spot.text, POINT_LABEL), "label halo", place.anchor)]
