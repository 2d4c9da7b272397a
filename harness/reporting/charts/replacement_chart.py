"""The cost of a month against the volume: a hosted strategy, and the own ones that could replace it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

from harness.reporting.charts.axes import y_title
from harness.reporting.charts.point_names import label_heights
from harness.reporting.charts.point_styles import strategy_tones
from harness.reporting.charts.svg import Scale, element, figure, label, line, text_width
from harness.reporting.views import TaskView
from harness.reporting.views.sections import HostedRival, ReplacementReport
from harness.reporting.wording import names, numbers, replacement_sentences
from harness.text import short

_NAME = 28
_STEPS = 48  # points of a line
_MOST_INTERVALS = 5  # between numbers of an axis
_SIZE = (640.0, 340.0)
_LEFT, _TOP, _BOTTOM = 74.0, 18.0, 48.0


def draw_replacement_chart(task: TaskView, report: ReplacementReport, rival: HostedRival, name: str) -> Markup:
    """On log scales, around the volumes that matter: the own strategies that are as good, else all; empty where a price is missing."""
    priced = [row for row in rival.rows if row.replacement.own_amounts and row.replacement.hosted_amounts]
    known = [row.replacement for row in priced if row.quality == "shown"] or [row.replacement for row in priced]
    if not known:
        return Markup("")
    spec, reviewed = report.spec, all(each.break_even.reviewed for each in known)
    hosted = known[0].hosted_amounts
    assert hosted is not None  # each has its amounts
    lines: list[tuple[str, str, Callable[[float], float]]] = [
        (rival.label, "hosted", lambda volume: hosted.monthly(volume, spec, reviewed=reviewed))
    ]
    tones = strategy_tones(task.strategies[0].run.plan)
    strategies = {result.label: result.strategy for result in task.strategies}
    for each in known:
        own = each.own_amounts
        assert own is not None
        tone = tones[strategies[each.strategy]]
        lines.append((each.strategy, tone, lambda volume, own=own: own.monthly(volume, spec, reviewed=reviewed)))  # type: ignore[misc]
    volumes = [float(report.volume), *(float(each.break_even.volume) for each in known if each.break_even.volume)]
    low, high = _powers(volumes)
    right = min(220.0, max(text_width(short(names.strategy_name(text), _NAME)) for text, _, _ in lines) + 22)
    width, height = _SIZE
    x = Scale(low, high, _LEFT, width - right)
    grid = [10 ** (low + (high - low) * i / _STEPS) for i in range(_STEPS + 1)]
    costs = [cost for _, _, monthly in lines for volume in (grid[0], grid[-1]) if (cost := monthly(volume)) > 0]
    y = Scale(*_powers(costs), height - _BOTTOM, _TOP)
    scale = " ".join(f"{value:g}" for axis in (x, y) for value in (axis.low, axis.high, axis.start, axis.end))
    parts = [*_grid(x, y, width - right, report.currency)]
    parts.append(label(width - right, height - 8, replacement_sentences.AXIS_VOLUME, "axis-title", "end"))
    parts.append(y_title(replacement_sentences.axis_money(report), _TOP))
    at = x(math.log10(report.volume))
    parts.append(line(at, height - _BOTTOM, at, _TOP, "reference"))
    ends: list[tuple[float, str, str]] = []
    for text, tone, monthly in lines:
        points = [(x(math.log10(volume)), _height(y, monthly(volume))) for volume in grid]
        parts.append(element("path", d=_d(points), class_=f"curve {tone}", data_line=text, data_scale=scale))
        ends.append((points[-1][1], short(names.strategy_name(text), _NAME), tone))
    for each in known:
        if each.break_even.volume and each.own_amounts:
            where = x(math.log10(each.break_even.volume)), _height(y, hosted.monthly(each.break_even.volume, spec, reviewed=reviewed))
            parts.append(element("circle", cx=where[0], cy=where[1], r=5, class_="ring chosen", data_point=each.strategy))
    placed = label_heights([(width - right, text) for _, text, _ in ends], [h + 4 for h, _, _ in ends], _TOP + 10, height - _BOTTOM - 4)
    for (_, text, tone), h in zip(ends, placed, strict=True):
        parts.append(label(width - right + 8, h, text, f"label halo {tone}", limit=_NAME))
    described = "; ".join(
        f"{names.strategy_name(each.strategy)}: {replacement_sentences.describe_break_even(each.break_even)}" for each in known
    )
    return figure(name, _SIZE, parts, title=replacement_sentences.title_rival(rival), description=f"{described}.")


def _height(y: Scale, cost: float) -> float:
    """Nothing to pay has no place on a log scale: it is drawn at the foot, as the page does when a reader changes an assumption."""
    return y(math.log10(cost)) if cost > 0 else y.start


def _powers(values: Sequence[float]) -> tuple[float, float]:
    """A log scale, in whole powers of ten, that holds the values with room on both sides."""
    logs = [math.log10(value) for value in values if value > 0] or [0.0]
    return float(math.floor(min(logs) - 0.5)), float(math.ceil(max(logs) + 0.5))


def _grid(x: Scale, y: Scale, right: float, currency: str) -> list[Markup]:
    parts: list[Markup] = []
    for power in _ticks(x):
        parts.append(line(x(power), y.start, x(power), y.end, "grid"))
        parts.append(label(x(power), y.start + 17, numbers.count(10.0**power), "tick", "middle"))
    for power in _ticks(y):
        parts.append(line(x.start, y(power), right, y(power), "grid"))
        parts.append(label(x.start - 7, y(power) + 4, numbers.money(10.0**power, currency), "tick", "end"))
    return parts


def _ticks(scale: Scale) -> range:
    """Powers of ten, as many as leave room for their numbers."""
    low, high = round(scale.low), round(scale.high)
    return range(low, high + 1, math.ceil((high - low) / _MOST_INTERVALS))


def _d(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{a:.2f} {b:.2f}" for a, b in points)
