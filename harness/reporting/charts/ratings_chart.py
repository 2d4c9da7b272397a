"""Estimates of a review: the interval of the ratings alone above that with the help of a score."""

from __future__ import annotations

from markupsafe import Markup

from harness.reporting.charts.axes import padded_scale, x_axis
from harness.reporting.charts.svg import Scale, element, figure, label, line
from harness.reporting.wording import combined_wording
from harness.review import Findings
from harness.types import Score

_WIDTH, _LEFT, _RIGHT, _TOP = 640.0, 14.0, 22.0, 8.0
_ROW, _STEP, _FLOOR = 74.0, 21.0, 30.0  # pixels of a result, between its two lines, and of the axis
_NAMES = 120.0  # pixels of the names of the two lines


def draw_ratings_chart(findings: Findings, name: str) -> Markup:
    """The results of the kind of the first one that a score helps; empty where none does."""
    rows = combined_wording.list_helped(findings)
    if not rows:
        return Markup("")
    is_share = rows[0].kind == "share"
    percent = 100.0 if is_share else 1.0
    scores = [score for row in rows for score in (row.alone, row.combined.estimate) if score is not None]
    ends = [percent * end for score in scores for end in (score.value, score.low, score.high) if end is not None]
    reference = 0.0 if rows[0].kind == "change" else 50.0 if is_share and findings.mode == "pairwise" else None
    x = padded_scale([*ends, *([] if reference is None else [reference])], _LEFT + _NAMES, _WIDTH - _RIGHT)
    height = _TOP + _ROW * len(rows) + _FLOOR
    parts = x_axis(x, height - _FLOOR, _TOP)
    if reference is not None:
        parts.append(line(x(reference), height - _FLOOR, x(reference), _TOP, "zero"))
    for number, row in enumerate(rows):
        top = _TOP + _ROW * number
        parts.append(label(_LEFT, top + 18, f"{row.name}, %" if is_share else row.name, "label halo", limit=90))
        for step, (score, tone, text) in enumerate(
            ((row.alone, "base", combined_wording.ALONE), (row.combined.estimate, "tuned", combined_wording.WITH_A_SCORE))
        ):
            y = top + 18 + _STEP * (step + 1)
            parts.append(label(_LEFT, y + 4, text, "label muted"))
            parts += _draw_estimate(score, x, y, tone, percent)
    title, description = combined_wording.title_chart(), combined_wording.describe_chart(rows)
    return figure(name, (_WIDTH, height), parts, title=title, description=description)


def _draw_estimate(score: Score | None, x: Scale, y: float, tone: str, factor: float) -> list[Markup]:
    if score is None or score.value is None:
        return []
    parts = []
    if score.low is not None and score.high is not None:
        light = "" if score.reliable else " light"
        parts.append(line(x(factor * score.low), y, x(factor * score.high), y, f"whisker thick {tone}{light}"))
    return [*parts, element("circle", cx=x(factor * score.value), cy=y, r=4.5, class_=f"point {tone}")]
