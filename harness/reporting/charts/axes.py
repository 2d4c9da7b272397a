"""Axes and scales."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from harness.reporting.charts.svg import Scale, element, label, line, nice_ticks, tick_text
from harness.text import short

_TITLE = 48  # characters of the name of an axis


def y_axis(scale: Scale, left: float, right: float, about: int = 5) -> list[Markup]:
    """Horizontal lines with their numbers."""
    ticks = nice_ticks(scale.low, scale.high, about)
    parts = [line(left, scale(t), right, scale(t), "grid") for t in ticks]
    return parts + [label(left - 7, scale(t) + 4, tick_text(t, ticks), "tick", "end") for t in ticks]


def y_title(text: str, top: float) -> Markup:
    """The name of the y axis, beside its upper end."""
    return element("text", short(text, _TITLE), x=-top, y=14, class_="axis-title", text_anchor="end", transform="rotate(-90)")


def x_axis(scale: Scale, floor: float, top: float, about: int = 6, whole: bool = False) -> list[Markup]:
    """Vertical lines with their numbers."""
    ticks = [t for t in nice_ticks(scale.low, scale.high, about) if not whole or t == int(t)]
    parts = [line(scale(t), floor, scale(t), top, "grid") for t in ticks]
    return parts + [label(scale(t), floor + 17, tick_text(t, ticks), "tick", "middle") for t in ticks]


def padded_scale(values: Sequence[float], start: float, end: float) -> Scale:
    """A scale that holds all values, with a little room."""
    low, high = min(values), max(values)
    pad = (high - low) * 0.08 or max(abs(high) * 0.1, 0.01)
    return Scale(low - pad, high + pad, start, end)
