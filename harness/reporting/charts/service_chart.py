"""The life of a task's models over time: the score of the one in service, what was decided, and the stages of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from markupsafe import Markup

from harness.gate import STAGES
from harness.reporting.charts.axes import padded_scale, y_axis
from harness.reporting.charts.point_styles import PointStyle, draw_marker
from harness.reporting.charts.svg import Scale, element, figure, label, line, text_width
from harness.reporting.views import Happening, HappeningKind, ModelLife, ServiceHistory
from harness.reporting.wording import service_sentences
from harness.text import short

_STYLES: dict[HappeningKind, PointStyle] = {
    "promoted": PointStyle("tone1", "triangle"),
    "forced": PointStyle("tone1 open", "triangle"),
    "rolled_back": PointStyle("tone2", "wedge"),
    "held": PointStyle("tone2", "box"),
    "drift": PointStyle("tone4", "diamond"),
    "complaint": PointStyle("tone5", "circle"),
}
_WIDTH, _LEFT, _RIGHT, _TOP = 760.0, 132.0, 20.0, 26.0
_SCORES, _MARKS, _ROW, _DATES, _LEGEND_ROW = 150.0, 44.0, 26.0, 24.0, 20.0  # heights
_NAME = 15  # characters of a model's name
_TICKS = 5
_APART, _LOWER = 13.0, 13.0
_SHORTEST = timedelta(hours=1)  # of the axis


def draw_service_chart(history: ServiceHistory, name: str) -> Markup:
    """Above, the score of the model in service with its interval; below, what happened; then a bar for each stage of each model."""
    last = max(history.last, history.first + _SHORTEST)
    x_scale = Scale(history.first.timestamp(), last.timestamp(), _LEFT, _WIDTH - _RIGHT)
    scores_height = _SCORES if history.scores else 0.0
    marks_at = _TOP + scores_height + (18.0 if scores_height else 0.0)
    rows_at = marks_at + _MARKS
    floor = rows_at + _ROW * len(history.models)
    parts = _date_axis(x_scale, history.first, last, floor, _TOP)
    if history.scores:
        title = service_sentences.axis_score(history.score, history.unit)
        parts += [label(4, 14, title, "axis-title", limit=90), *_draw_scores(history, x_scale)]
    parts.append(label(_LEFT - 10, marks_at + 18, service_sentences.HAPPENINGS, "label", "end"))
    parts += _draw_happenings(history.happenings, x_scale, marks_at + 14)
    for row, life in enumerate(history.models):
        parts += _draw_life(life, x_scale, rows_at + _ROW * row)
    keys, keys_height = _draw_keys(history, floor + _DATES + 22)
    size = (_WIDTH, floor + _DATES + keys_height + 14)
    described = service_sentences.describe_chart(history)
    return figure(name, size, [*parts, *keys], title=service_sentences.CHART_TITLE, description=described, class_="chart wide")


def _draw_scores(history: ServiceHistory, x_scale: Scale) -> list[Markup]:
    values = [value for score in history.scores for value in (score.low, score.high)]
    y_scale = padded_scale(values, _TOP + _SCORES, _TOP)
    parts = y_axis(y_scale, _LEFT, _WIDTH - _RIGHT, 4)
    for score in history.scores:
        left, right = _ends(x_scale, score.start, score.end)
        hover = element("title", service_sentences.describe_score(score, history.unit))
        high, low, middle = y_scale(score.high), y_scale(score.low), y_scale(score.value)
        parts.append(element("rect", hover, x=left, y=high, width=right - left, height=max(low - high, 1.0), class_="band"))
        parts.append(line(left, middle, right, middle, "whisker tuned thick" if score.reliable else "whisker tuned thick light"))
    return parts


def _draw_happenings(happenings: Sequence[Happening], x_scale: Scale, y: float) -> list[Markup]:
    """A mark each; one that would touch the mark before it stands lower or higher."""
    parts, before, lower = [], -math.inf, False
    for happening in happenings:
        x = x_scale(happening.at.timestamp())
        lower = x - before < _APART and not lower
        before = x
        hover = service_sentences.describe_happening(happening)
        parts.append(draw_marker(_STYLES[happening.kind], x, y + (_LOWER if lower else 0.0), 5.0, hover=hover))
    return parts


def _draw_life(life: ModelLife, x_scale: Scale, y: float) -> list[Markup]:
    """A bar for each stage of a model. The stage is written into its bar if it fits."""
    parts = [label(_LEFT - 10, y + 15, short(service_sentences.name_model(life), _NAME), "label", "end")]
    for span in life.spans:
        left, right = _ends(x_scale, span.start, span.end)
        text = service_sentences.name_stage(span)
        hover = element("title", f"{service_sentences.name_model(life)}: {text}")
        parts.append(element("rect", hover, x=left, y=y + 3, width=right - left, height=_ROW - 8, class_=f"stage {span.stage}"))
        if text_width(text) + 10 < right - left:
            parts.append(label(left + 6, y + 17, text, f"label stage {span.stage}"))
    return parts


def _ends(x_scale: Scale, start: datetime, end: datetime) -> tuple[float, float]:
    """Where a bar begins and ends; it is never too thin to be seen."""
    left = x_scale(start.timestamp())
    return left, max(x_scale(end.timestamp()), left + 2.0)


def _draw_keys(history: ServiceHistory, top: float) -> tuple[list[Markup], float]:
    """The legend of what happened, and of the stages below it, with its height."""
    kinds = {each.kind for each in history.happenings}
    stages = {span.stage for life in history.models for span in life.spans}
    parts: list[Markup] = []
    y = top
    for row in (
        [(service_sentences.KINDS[kind], style) for kind, style in _STYLES.items() if kind in kinds],
        [(stage, None) for stage in STAGES if stage in stages],
    ):
        x = _LEFT
        for text, style in row:
            width = 34 + text_width(text)
            if x + width > _WIDTH and x > _LEFT:
                x, y = _LEFT, y + _LEGEND_ROW
            if style is None:
                parts.append(element("rect", x=x + 1, y=y - 9, width=10, height=10, class_=f"stage {text}"))
            else:
                parts.append(draw_marker(style, x + 6, y - 4, 5.0, class_="key point"))
            parts.append(label(x + 16, y, text))
            x += width
        y += _LEGEND_ROW
    return parts, y - top


def _date_axis(scale: Scale, first: datetime, last: datetime, floor: float, top: float) -> list[Markup]:
    """Dates at equal distances, from the first moment to the last; with the time of the day in a short chart."""
    step = (last - first) / _TICKS
    moments = [first + step * tick for tick in range(_TICKS + 1)]
    texts = [service_sentences.write_moment(moment, last - first) for moment in moments]
    parts = [line(scale(moment.timestamp()), floor, scale(moment.timestamp()), top, "grid") for moment in moments]
    anchors = ["start", *["middle"] * (_TICKS - 1), "end"]
    return parts + [
        label(scale(moment.timestamp()), floor + 17, text, "tick", anchor)
        for moment, text, anchor in zip(moments, texts, anchors, strict=True)
    ]
