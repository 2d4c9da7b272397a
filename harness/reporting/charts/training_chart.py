"""The loss of a training run, step by step."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from harness.reporting.charts.axes import x_axis, y_axis
from harness.reporting.charts.svg import Scale, element, figure, label, line, path, spread, text_width
from harness.reporting.views.sections import TrainingCurve
from harness.reporting.wording import chart_texts

MOST_CURVES = 6  # shown at once; more are folded away
_SMOOTHING_STEPS = 25  # the loss of a batch is noisy: the average is over about this many points
_MOST_POINTS = 240  # a chart this wide can show no more


def draw_training_chart(curve: TrainingCurve, name: str) -> Markup:
    """The loss by step: training, smoothed, and validation, with the best validation marked."""
    training = smoothed(curve.training)
    points = [*training, *curve.validation]
    if not points:
        return Markup("")
    width, height, left, right, top, bottom = 380.0, 230.0, 46.0, 76.0, 22.0, 42.0
    losses = [loss for _, loss in points]
    pad = (max(losses) - min(losses)) * 0.08 or 0.1
    x_scale = Scale(0.0, float(max(step for step, _ in points)) or 1.0, left, width - right)
    y_scale = Scale(max(0.0, min(losses) - pad), max(losses) + pad, height - bottom, top)
    parts = [*y_axis(y_scale, left, width - right, 4), *x_axis(x_scale, height - bottom, top, 4, whole=True)]
    parts.append(label(width - right, height - 6, chart_texts.STEP, "axis-title", "end"))
    parts.append(label(4, 12, chart_texts.PAIR_LOSS if curve.objective == "dpo" else chart_texts.LOSS, "axis-title"))
    ends = []
    named = ((training, "training", chart_texts.TRAINING), (curve.validation, "validation", chart_texts.VALIDATION))
    for data, tone, text in named:
        if data:
            parts.append(path([(x_scale(step), y_scale(loss)) for step, loss in data], f"curve {tone}"))
            ends.append((y_scale(data[-1][1]) + 4, tone, text))
    parts += [element("circle", cx=x_scale(s), cy=y_scale(v), r=2.5, class_="dot validation") for s, v in curve.validation]
    for y, (_, tone, text) in zip(spread([e[0] for e in ends], 15, top, height - bottom), ends, strict=True):
        parts.append(label(width - right + 6, y, text, f"label {tone}"))
    if curve.best:
        parts += _best_mark(curve.best, x_scale, y_scale, top)
    title, description = chart_texts.title_training_curve(curve), chart_texts.describe_training(curve)
    return figure(name, (width, height), parts, title=title, description=description, class_="chart small")


def _best_mark(best: tuple[int, float], x_scale: Scale, y_scale: Scale, top: float) -> list[Markup]:
    """A ring at the best validation, with its loss at the top of the chart, where falling curves leave room."""
    x, y = x_scale(best[0]), y_scale(best[1])
    text = chart_texts.name_best(best[1])
    to_left = x + text_width(text) > x_scale.end
    return [
        line(x, top, x, y - 5, "leader"),
        element("circle", element("title", chart_texts.hover_best(*best)), cx=x, cy=y, r=5, class_="ring validation"),
        label(x + (-5 if to_left else 5), top + 10, text, "label halo", "end" if to_left else "start"),
    ]


def smoothed(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """An exponential moving average, corrected for the bias of its start, thinned out to what a chart can show."""
    keep = max(0.0, 1 - 2 / (min(_SMOOTHING_STEPS, max(len(points) / 5, 1)) + 1))
    total, weight = 0.0, 0.0
    averaged = []
    for step, loss in points:
        total, weight = keep * total + (1 - keep) * loss, keep * weight + (1 - keep)
        averaged.append((step, total / weight))
    every = max(1, -(-len(averaged) // _MOST_POINTS))
    thin = averaged[::every]
    return thin if not averaged or thin[-1] == averaged[-1] else [*thin, averaged[-1]]
