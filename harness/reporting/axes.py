"""Axes, and names beside points that do not lie on one another."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from harness.reporting.svg import CHARACTER, Scale, label, line, nice_ticks, spread, tick_text
from harness.reporting.view import Line
from harness.text import short

POINT_LABEL = 34  # characters


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


def score_scale(lines: Sequence[Line], start: float, end: float) -> Scale:
    """The scale of the primary score over all lines, intervals included, with a little room."""
    return y_scale_of(
        [v for ln in lines if ln.primary for v in (ln.primary.value, ln.primary.low, ln.primary.high) if v is not None], start, end
    )


def y_scale_of(values: Sequence[float], start: float, end: float) -> Scale:
    """A scale that holds all values, with a little room."""
    low, high = min(values), max(values)
    pad = (high - low) * 0.08 or max(abs(high) * 0.1, 0.01)
    return Scale(low - pad, high + pad, start, end)


def label_heights(points: list[tuple[float, str]], wanted: list[float], low: float, high: float, width: float) -> list[float]:
    """Heights of the labels, moved apart where two would lie on each other."""
    spans = []
    for x, text in points:
        length = CHARACTER * len(short(text, POINT_LABEL)) + 16
        spans.append((x - length, x) if x + length > width else (x, x + length))
    placed = list(wanted)
    groups: list[list[int]] = []
    for i in sorted(range(len(points)), key=lambda i: spans[i][0]):
        group = next((g for g in groups if any(spans[i][0] < spans[j][1] and spans[j][0] < spans[i][1] for j in g)), None)
        if group is None:
            groups.append([i])
        else:
            group.append(i)
    for group in groups:
        for i, y in zip(group, spread([wanted[i] for i in group], 16, low, high), strict=True):
            placed[i] = y
    return placed
