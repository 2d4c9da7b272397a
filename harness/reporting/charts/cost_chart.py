"""Cost against quality: one picture a measure of cost, between which whoever reads the page switches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.reporting.charts.axes import x_axis, y_axis, y_scale_of
from harness.reporting.charts.point_names import POINT_LABEL, Box, Place, Spot, label_places
from harness.reporting.charts.svg import Scale, element, figure, label, line, path
from harness.reporting.views.view import TaskView
from harness.reporting.wording import numbers
from harness.results import StrategyCosts, StrategyResult
from harness.text import one_line, short

MOST_NAMES = 12  # more points are not all named: only those that no other beats in both cost and score, and base


@dataclass(frozen=True)
class Measure:
    """One way to count what a strategy takes. `of` gives a number in the unit of the axis, `text` words it."""

    name: str
    axis: str
    of: Callable[[StrategyCosts], float | None]
    text: Callable[[float], str]


@dataclass(frozen=True)
class Point:
    """One strategy in the picture: what it costs (x), its quality (y) with its interval, and how that reads."""

    label: str
    x: float
    y: float
    low: float | None
    high: float | None
    text: str
    is_base: bool
    chosen: bool


def measures_of(lines: Sequence[StrategyResult]) -> tuple[Measure, ...]:
    """The measures by which two or more strategies with a score are known, and differ from nothing; the first is shown first."""
    return measures_of_costs([ln.costs for ln in lines if ln.scored and ln.costs])


def measures_of_costs(costs: Sequence[StrategyCosts]) -> tuple[Measure, ...]:
    """`measures_of` for the costs of strategies with a score."""
    currency = costs[0].currency if costs else "USD"
    every = (
        Measure("Cost to train", f"cost to train, {currency}", lambda c: c.training_price, lambda v: numbers.money(v, currency)),
        Measure(
            "Cost of 1,000 answers", f"cost of 1,000 answers, {currency}", lambda c: c.thousand_price, lambda v: numbers.money(v, currency)
        ),
        Measure("Time to train", "time to train, minutes", lambda c: _over(c.training_seconds, 60), lambda v: numbers.seconds(60 * v)),
        Measure("Time per answer", "time per answer, seconds", lambda c: c.answer_seconds, numbers.seconds),
        Measure(
            "Memory",
            "peak memory, GiB",
            lambda c: _over(c.peak_allocated, 2**30),
            lambda v: numbers.size(v * 2**30),
        ),
    )
    known = [(m, [v for c in costs if (v := m.of(c)) is not None]) for m in every]
    return tuple(m for m, values in known if len(values) > 1 and max(values) > 0)


def _over(amount: float | None, unit: int) -> float | None:
    return None if amount is None else amount / unit


def cost_chart(task: TaskView, measure: Measure, name: str) -> Markup:
    """A measure of cost against the primary score of a task."""
    points = [p for ln in task.lines if (p := _point_of(ln, task, measure)) is not None]
    title = f"{measure.name} against {task.primary.name} on {task.name}"
    return points_chart(points, measure, (task.primary.name, task.primary.direction), name, title)


def _point_of(ln: StrategyResult, task: TaskView, measure: Measure) -> Point | None:
    x = measure.of(ln.costs) if ln.costs else None
    if ln.primary is None or ln.primary.value is None or x is None:
        return None
    score, unit = ln.primary, task.primary.unit
    interval = numbers.interval(score.low, score.high, unit)
    text = f"{numbers.score(score.value, unit)}{f' ({interval})' if interval else ''}"
    return Point(ln.label, x, ln.primary.value, score.low, score.high, text, ln.is_base, ln.label == task.choice)


def points_chart(points: Sequence[Point], measure: Measure, quality: tuple[str, str], name: str, title: str) -> Markup:
    """A measure of cost (x) against quality (y; its name, and which direction is better) with its intervals: a named point a strategy, and
    a line along those that no other beats in both."""
    width, height, left, right, top, bottom = 620.0, 340.0, 62.0, 24.0, 16.0, 48.0
    axis, direction = quality
    x_scale = Scale(0.0, max(p.x for p in points) * 1.05 or 1.0, left + 14, width - right)
    ends = [v for p in points for v in (p.y, p.low, p.high) if v is not None]
    y_scale = y_scale_of(ends, height - bottom, top)
    parts = [*y_axis(y_scale, left, width - right), *x_axis(x_scale, height - bottom, top)]
    parts.append(label(width - right, height - 8, measure.axis, "axis-title", "end"))
    parts.append(element("text", axis, x=-top, y=14, class_="axis-title", text_anchor="end", transform="rotate(-90)"))
    front = sorted((p for p in points if _unbeaten(p, points, direction)), key=lambda p: p.x)
    if len(front) > 1:
        parts.append(path([(x_scale(p.x), y_scale(p.y)) for p in front], "front"))
    named = points if len(points) <= MOST_NAMES else [p for p in points if p.is_base or p in front]
    spots = [Spot(x_scale(p.x), y_scale(p.y), _height(y_scale, p.low), _height(y_scale, p.high), p.label) for p in points]
    places = label_places(spots, [i for i, p in enumerate(points) if p in named], Box(left, top, width, height - bottom))
    for p, spot in zip(points, spots, strict=True):
        parts += _mark(p, spot)
    for i, place in places.items():  # the names lie on top
        parts += _name(spots[i], place)
    said = "; ".join(f"{p.label}: {p.text} at {measure.text(p.x)}" for p in points)
    return figure(name, (width, height), parts, title=title, description=f"Bars are 95 % intervals. {said}.")


def _unbeaten(point: Point, points: Sequence[Point], direction: str) -> bool:
    """Whether no other strategy is both better and cheaper."""
    sign = -1 if direction == "lower" else 1
    return not any(p.x <= point.x and sign * p.y >= sign * point.y and (p.x, p.y) != (point.x, point.y) for p in points)


def _height(scale: Scale, value: float | None) -> float | None:
    return None if value is None else scale(value)


def _mark(point: Point, spot: Spot) -> list[Markup]:
    """A point with its interval."""
    tone = "base" if point.is_base else "tuned"
    parts: list[Markup] = []
    if spot.low is not None and spot.high is not None:
        parts.append(line(spot.x, spot.low, spot.x, spot.high, f"whisker {tone}"))
        parts += [line(spot.x - 4, end, spot.x + 4, end, f"whisker {tone}") for end in (spot.low, spot.high)]
    if point.chosen:
        parts.append(element("circle", cx=spot.x, cy=spot.y, r=9, class_="ring chosen"))
    title = element("title", f"{one_line(point.label)}: {point.text}")
    return [*parts, element("circle", title, cx=spot.x, cy=spot.y, r=5, class_=f"point {tone}")]


def _name(spot: Spot, place: Place) -> list[Markup]:
    """The name of a point, with a line to it where it stands apart."""
    parts: list[Markup] = []
    if abs(place.y - 4 - spot.y) > 6:
        side = 1 if place.anchor == "start" else -1
        parts.append(line(spot.x + 6 * side, spot.y, spot.x + 10 * side, place.y - 4, "leader"))
    return [*parts, label(place.x, place.y, short(spot.text, POINT_LABEL), "label halo", place.anchor)]
