"""The figures of a search: the validation loss by the value of a field, and the lowest loss so far by the time spent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from harness.reporting.charts.axes import padded_scale, x_axis, y_axis, y_title
from harness.reporting.charts.point_names import label_heights
from harness.reporting.charts.point_styles import PointStyle, draw_keys, draw_marker, model_shapes, strategy_tones
from harness.reporting.charts.svg import Scale, element, figure, label, line, path, text_width
from harness.reporting.views import TaskView
from harness.reporting.views.sections import FieldFigure, LossLine, LossPoint
from harness.reporting.wording import names, search_tables
from harness.store import RunPlan
from harness.text import short

_NAME = 24
_APART = 4.0  # pixels between two strategies at one value, so that their whiskers do not overlap
_REACH = 3.0  # the axis of losses ends at so many times the distance from the lowest to a typical one; higher losses are drawn at its end


def draw_loss_chart(task: TaskView, shown: FieldFigure, name: str) -> Markup:
    """The losses of all strategies by the value of a field."""
    plan = _plan(task)
    width, height, left, right, top, bottom = 640.0, 360.0, 62.0, 14.0, 24.0, 48.0
    points = [point for own in shown.lines for point in (*own.first, *own.full)]
    at = [math.log10(point.value) if shown.log else point.value for point in points]
    pad = (max(at) - min(at)) * 0.05 or 0.3
    x = Scale(min(at) - pad, max(at) + pad, left, width - right)
    y = _loss_scale(shown, height - bottom, top)
    parts = [*y_axis(y, left, width - right), *_value_axis(x, height - bottom, top, log=shown.log)]
    parts.append(label(width - right, height - 8, search_tables.axis_field(shown), "axis-title", "end"))
    parts.append(y_title(search_tables.AXIS_LOSS, top))
    styles = _styles(plan, shown.lines)
    for place, own in enumerate(shown.lines):
        aside = (place - (len(shown.lines) - 1) / 2) * _APART
        parts += _draw_line(own, shown, styles[place], (x, y), aside)
    several = len({own.model for own in shown.lines}) > 1
    entries = [(own.strategy, own.model if several else "", style) for own, style in zip(shown.lines, styles, strict=True)]
    keys, needed = draw_keys(entries, left, width, height + 14)
    described = " ".join(search_tables.describe_line(own) for own in shown.lines)
    return figure(name, (width, height + needed), [*parts, *keys], title=search_tables.title_figure(shown), description=described)


def draw_progress_chart(task: TaskView, name: str) -> Markup:
    """The lowest loss so far of each strategy, by the time spent on its search."""
    report = task.search
    searched = [each for each in report.strategies if each.findings.progress] if report else []
    if report is None or not searched:
        return Markup("")
    ends = [each.findings.progress[-1] for each in searched]
    longest = max(end.seconds for end in ends)
    unit, axis = (60.0, search_tables.AXIS_MINUTES) if longest >= 180 else (1.0, search_tables.AXIS_SECONDS)
    texts = [short(names.strategy_name(each.label), _NAME) for each in searched]
    width, height, left, top, bottom = 640.0, 300.0, 62.0, 18.0, 48.0
    right = min(200.0, max(map(text_width, texts)) + 22)
    x = Scale(0.0, longest / unit or 1.0, left, width - right)
    y = padded_scale([point.loss for each in searched for point in each.findings.progress], height - bottom, top)
    parts = [*y_axis(y, left, width - right), *x_axis(x, height - bottom, top)]
    parts.append(label(width - right, height - 8, axis, "axis-title", "end"))
    parts.append(y_title(search_tables.AXIS_LOSS, top))
    tones = strategy_tones(_plan(task))
    for each in searched:
        tone = tones[each.findings.search.strategy]
        points = [(x(point.seconds / unit), y(point.loss)) for point in each.findings.progress]
        steps = [corner for (_, above), (at, below) in pairwise(points) for corner in ((at, above), (at, below))]
        parts.append(path([points[0], *steps], f"curve {tone}"))
        parts += [element("circle", cx=at, cy=loss, r=3.5, class_=f"spot solid {tone}") for at, loss in points]
    wanted = [(x(end.seconds / unit), y(end.loss) + 4) for end in ends]
    placed = label_heights(
        [(at, text) for (at, _), text in zip(wanted, texts, strict=True)], [h for _, h in wanted], top + 10, height - bottom - 4
    )
    for (at, _), text, each, height_ in zip(wanted, texts, searched, placed, strict=True):
        parts.append(label(at + 10, height_, text, f"label halo {tones[each.findings.search.strategy]}", limit=_NAME))
    title = search_tables.PROGRESS
    return figure(name, (width, height), parts, title=title, description=search_tables.describe_progress(report))


def _plan(task: TaskView) -> RunPlan:
    return task.strategies[0].run.plan


def _styles(plan: RunPlan, lines: Sequence[LossLine]) -> list[PointStyle]:
    tones, shapes = strategy_tones(plan), model_shapes(plan)
    return [PointStyle(tones[own.strategy], shapes[own.model]) for own in lines]


def _loss_scale(shown: FieldFigure, start: float, end: float) -> Scale:
    """A scale on which one high loss does not flatten the others."""
    losses = sorted(p.loss for own in shown.lines for p in (*own.first, *own.full) if p.loss is not None)
    chosen = [p.loss for own in shown.lines for p in (*own.first, *own.full) if p.chosen and p.loss is not None]
    lowest = losses[0]
    typical = max(losses[len(losses) // 2], *chosen, lowest) - lowest if chosen else losses[len(losses) // 2] - lowest
    highest = min(losses[-1], lowest + _REACH * typical) if typical > 0 else losses[-1]
    return padded_scale([lowest, highest], start, end)


def _value_axis(x: Scale, floor: float, top: float, *, log: bool) -> list[Markup]:
    if not log:
        return x_axis(x, floor, top)
    decades = range(math.floor(x.low), math.ceil(x.high) + 1)
    steps = (1, 2, 5) if x.high - x.low < 3.2 else (1,)
    ticks = [(math.log10(m * 10.0**d), m * 10.0**d) for d in decades for m in steps]
    inside = [(at, value) for at, value in ticks if x.low <= at <= x.high] or [(x.low, 10**x.low)]
    parts = [line(x(at), floor, x(at), top, "grid") for at, _ in inside]
    return parts + [label(x(at), floor + 17, search_tables.write_value(float(f"{value:.3g}")), "tick", "middle") for at, value in inside]


def _draw_line(own: LossLine, shown: FieldFigure, style: PointStyle, scales: tuple[Scale, Scale], aside: float) -> list[Markup]:
    """The trials of one strategy: dashed and hollow after the first part of the training, solid and filled at its end."""
    x, y = scales

    def place(point: LossPoint) -> tuple[float, float]:
        at = x(math.log10(point.value) if shown.log else point.value) + aside
        return at, y.end if point.loss is None else max(y.end, y(point.loss))

    parts: list[Markup] = []
    for points, class_ in ((own.first, "curve thin dashed"), (own.full, "curve thin")):
        measured = [place(point) for point in points if point.loss is not None]
        if len(measured) > 1:
            parts.append(path(measured, f"{class_} {style.tone}"))
    for point in (*own.first, *own.full):
        parts += _draw_point(point, place(point), y, own, shown.field, style)
    return parts


def _draw_point(point: LossPoint, at: tuple[float, float], y: Scale, own: LossLine, field: str, style: PointStyle) -> list[Markup]:
    hover = search_tables.hover_point(own, point, field)
    if point.loss is None:
        text = element("title", hover) + Markup("×")
        return [element("text", text, x=at[0], y=y.end + 5, class_=f"label {style.tone}", text_anchor="middle")]
    is_full = point.share >= 1
    parts: list[Markup] = []
    if point.low is not None and point.high is not None and is_full:
        ends = (max(y.end, y(point.high)), min(y.start, y(point.low)))
        parts.append(line(at[0], ends[0], at[0], ends[1], f"whisker {style.tone}"))
    if point.chosen:
        parts.append(element("circle", cx=at[0], cy=at[1], r=9, class_="ring chosen"))
    if point.loss > y.high:
        parts.append(label(at[0] - 8, at[1] + 4, f"{point.loss:.2g} ↑", "tick halo", "end"))
    shape = PointStyle(style.tone if is_full else f"{style.tone} open", style.shape)
    return [*parts, draw_marker(shape, at[0], at[1], 4.5 if is_full else 3.5, hover=hover)]
