"""Axes and their scales."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from harness.reporting.charts.svg import Scale, label, line, nice_ticks, tick_text
from harness.results import StrategyResult


def y_axis(scale: Scale, left: float, right: float, about: int = 5) -> list[Markup]:
    """Lines across and their numbers."""
    ticks = nice_ticks(scale.low, scale.high, about)
    parts = [line(left, scale(t), right, scale(t), "grid") for t in ticks]
    return parts + [label(left - 7, scale(t) + 4, tick_text(t, ticks), "tick", "end") for t in ticks]


def x_axis(scale: Scale, floor: float, top: float, about: int = 6, whole: bool = False) -> list[Markup]:
    """Lines up and their numbers."""
    ticks = [t for t in nice_ticks(scale.low, scale.high, about) if not whole or t == int(t)]
    parts = [line(scale(t), floor, scale(t), top, "grid") for t in ticks]
    return parts + [label(scale(t), floor + 17, tick_text(t, ticks), "tick", "middle") for t in ticks]


def score_scale(lines: Sequence[StrategyResult], start: float, end: float) -> Scale:
    """The scale of the primary score over all lines, intervals included, with a little room."""
    return y_scale_of(
        [v for ln in lines if ln.primary for v in (ln.primary.value, ln.primary.low, ln.primary.high) if v is not None], start, end
    )


def y_scale_of(values: Sequence[float], start: float, end: float) -> Scale:
    """A scale that holds all values, with a little room."""
    low, high = min(values), max(values)
    pad = (high - low) * 0.08 or max(abs(high) * 0.1, 0.01)
    return Scale(low - pad, high + pad, start, end)
