"""The pictures of the report: cost against quality, training curves, where the time went, and an interval in a table's row."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from harness.reporting import numbers
from harness.reporting.svg import CHARACTER, Scale, element, figure, label, line, nice_ticks, path, spread, tick_text
from harness.reporting.text import one_line, short
from harness.reporting.view import PHASES, Curve, Line, TaskView

_SMOOTHING_STEPS = 25  # the loss of a batch is noisy: about this many points of the curve weigh in
_MOST_POINTS = 240  # more than a chart this wide can show
_MOST_NAMES = 12  # more points are not all named: only those that no other beats in both cost and score, and base
MOST_CURVES = 6  # training curves that are shown at once; more are folded
_POINT_LABEL = 34  # characters
_BAR_LABEL = 34


def cost_unit(lines: Sequence[Line]) -> tuple[str, str]:
    """What the cost axis shows: money if every strategy with a score has a price and any is above 0, else seconds."""
    scored = [ln.costs for ln in lines if ln.primary and ln.primary.value is not None and ln.costs]
    if scored and all(c.training_price is not None for c in scored) and any(c.training_price for c in scored):
        return "price", scored[0].currency
    return "seconds", "s"


def cost_chart(task: TaskView, name: str) -> Markup:
    """Training cost (x) against the primary score (y) with its interval, a labelled point a strategy."""
    kind, unit = cost_unit(task.lines)
    points = [
        (ln, float((ln.costs.training_price or 0.0) if kind == "price" else ln.costs.training_seconds), ln.primary.value)
        for ln in task.lines
        if ln.primary and ln.primary.value is not None and ln.costs
    ]
    if len(points) < 2:
        return Markup("")  # a point alone is no trade-off
    width, height, left, right, top, bottom = 620.0, 340.0, 62.0, 24.0, 16.0, 48.0
    x_scale = Scale(0.0, max(x for _, x, _ in points) * 1.05 or 1.0, left + 14, width - right)
    y_scale = _score_scale(task.lines, height - bottom, top)
    parts = [*y_axis(y_scale, left, width - right), *_x_axis(x_scale, height - bottom, top)]
    parts.append(label(width - right, height - 8, f"training cost ({unit}), mean per seed", "axis-title", "end"))
    parts.append(element("text", task.primary.name, x=-top, y=14, class_="axis-title", text_anchor="end", transform="rotate(-90)"))
    named = points if len(points) <= _MOST_NAMES else [p for p in points if p[0].is_base or _unbeaten(p, points, task.primary.direction)]
    wanted = [y_scale(y) + 4 for _, _, y in named]
    heights = label_heights([(x_scale(x), ln.label) for ln, x, _ in named], wanted, top + 10, height - bottom - 4, width)
    label_of = {ln: at for (ln, _, _), at in zip(named, heights, strict=True)}
    for ln, x, y in sorted(points, key=lambda p: p[0] in label_of):  # the names lie on top
        parts += _cost_point(ln, (x_scale(x), y_scale(y)), y_scale, label_of.get(ln), (width, task.primary.unit))
    said = "; ".join(f"{ln.label}: {numbers.score(y, task.primary.unit)} at {_cost_text(x, kind, unit)}" for ln, x, y in points)
    title = f"Training cost against {task.primary.name} on {task.name}"
    return figure(name, (width, height), parts, title=title, description=f"Bars are 95 % intervals. {said}.")


def _unbeaten(point: tuple[Line, float, float], points: Sequence[tuple[Line, float, float]], direction: str) -> bool:
    """Whether no other strategy is both better and cheaper."""
    sign = -1 if direction == "lower" else 1
    _, x, y = point
    return not any(a <= x and sign * b >= sign * y and (a, b) != (x, y) for _, a, b in points)


def _cost_point(ln: Line, at: tuple[float, float], scale: Scale, label_y: float | None, page: tuple[float, str]) -> list[Markup]:
    """A point with its interval and, unless `label_y` is None, its name. `page` is the width of the chart and the unit of the score."""
    x, y = at
    tone = "base" if ln.is_base else "tuned"
    parts: list[Markup] = []
    if ln.primary and ln.primary.low is not None and ln.primary.high is not None:
        low, high = scale(ln.primary.low), scale(ln.primary.high)
        parts.append(line(x, low, x, high, f"whisker {tone}"))
        parts += [line(x - 4, end, x + 4, end, f"whisker {tone}") for end in (low, high)]
    parts.append(element("circle", _hover(ln, page[1]), cx=x, cy=y, r=5, class_=f"point {tone}"))
    if label_y is None:
        return parts
    to_left = x + 12 + CHARACTER * len(short(ln.label, _POINT_LABEL)) > page[0]
    if abs(label_y - 4 - y) > 6:
        parts.append(line(x + (-6 if to_left else 6), y, x + (-10 if to_left else 10), label_y - 4, "leader"))
    parts.append(label(x + (-12 if to_left else 12), label_y, short(ln.label, _POINT_LABEL), "label halo", "end" if to_left else "start"))
    return parts


def label_heights(points: list[tuple[float, str]], wanted: list[float], low: float, high: float, width: float) -> list[float]:
    """Heights of the labels, moved apart where two would lie on each other."""
    spans = []
    for x, text in points:
        length = CHARACTER * len(short(text, _POINT_LABEL)) + 16
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


def curve_chart(curve: Curve, name: str) -> Markup:
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
    parts = [*y_axis(y_scale, left, width - right, 4), *_x_axis(x_scale, height - bottom, top, 4, whole=True)]
    parts.append(label(width - right, height - 6, "optimizer step", "axis-title", "end"))
    parts.append(label(4, 12, "loss (nats per target token)", "axis-title"))
    ends = []
    for data, tone, text in ((training, "training", "training"), (curve.validation, "validation", "validation")):
        if data:
            parts.append(path([(x_scale(step), y_scale(loss)) for step, loss in data], f"curve {tone}"))
            ends.append((y_scale(data[-1][1]) + 4, tone, text))
    parts += [element("circle", cx=x_scale(s), cy=y_scale(v), r=2.5, class_="dot validation") for s, v in curve.validation]
    for y, (_, tone, text) in zip(spread([e[0] for e in ends], 15, top, height - bottom), ends, strict=True):
        parts.append(label(width - right + 6, y, text, f"label {tone}"))
    said = f"{len(curve.training)} training steps and {len(curve.validation)} validations."
    if curve.best:
        parts += _best_mark(curve.best, x_scale, y_scale, top)
        said += f" The best validation loss is {curve.best[1]:.3f} at step {curve.best[0]:,}."
    title = f"Training and validation loss by step: {curve.label}"
    return figure(name, (width, height), parts, title=title, description=said, class_="chart small")


def _best_mark(best: tuple[int, float], x_scale: Scale, y_scale: Scale, top: float) -> list[Markup]:
    """A ring at the best validation, named at the top of the chart, where falling curves leave room."""
    x, y = x_scale(best[0]), y_scale(best[1])
    text = f"best {best[1]:.3f}"
    to_left = x + CHARACTER * len(text) > x_scale.end
    return [
        line(x, top, x, y - 5, "leader"),
        element("circle", element("title", f"{text} at step {best[0]:,}"), cx=x, cy=y, r=5, class_="ring validation"),
        label(x + (-5 if to_left else 5), top + 10, text, "label halo", "end" if to_left else "start"),
    ]


def smoothed(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """An exponential moving average without the bias of its start, thinned out to what a chart can show."""
    keep = max(0.0, 1 - 2 / (min(_SMOOTHING_STEPS, max(len(points) / 5, 1)) + 1))
    total, weight = 0.0, 0.0
    averaged = []
    for step, loss in points:
        total, weight = keep * total + (1 - keep) * loss, keep * weight + (1 - keep)
        averaged.append((step, total / weight))
    every = max(1, -(-len(averaged) // _MOST_POINTS))
    thin = averaged[::every]
    return thin if not averaged or thin[-1] == averaged[-1] else [*thin, averaged[-1]]


def phase_chart(task: TaskView, name: str) -> Markup:
    """Seconds per phase, a stacked bar a strategy; strategies that failed included."""
    lines = [ln for ln in task.lines if ln.costs and ln.costs.total_seconds > 0]
    if not lines:
        return Markup("")
    names = max(CHARACTER * len(short(ln.label, _BAR_LABEL)) for ln in lines)
    width, left, right, top, row = 620.0, min(285.0, 1.1 * names + 14), 96.0, 34.0, 30.0 if len(lines) <= _MOST_NAMES else 22.0
    height = top + row * len(lines) + 44
    scale = Scale(0.0, max(ln.costs.total_seconds for ln in lines if ln.costs), left, width - right)
    shown = [p for p in PHASES if any(ln.costs and ln.costs.phases.get(p) for ln in lines)]
    parts = [*_legend(shown, left, width), *_x_axis(scale, height - 44, top - 4)]
    parts.append(label(width - right, height - 6, "seconds of wall clock, mean per seed", "axis-title", "end"))
    for i, ln in enumerate(lines):
        if ln.costs:
            y = top + row * i
            parts.append(label(left - 8, y + row / 2 + 2, short(ln.label, _BAR_LABEL), "label", "end"))
            parts += _bar(ln, shown, scale, y + 3, row - 10)
            parts.append(label(scale(ln.costs.total_seconds) + 8, y + row / 2 + 2, numbers.seconds(ln.costs.total_seconds), "label number"))
    said = "; ".join(f"{ln.label}: {numbers.seconds(ln.costs.total_seconds)}" for ln in lines if ln.costs)
    title = f"Time per phase on {task.name}"
    return figure(name, (width, height), parts, title=title, description=f"Seconds of wall clock. {said}.")


def _bar(ln: Line, shown: Sequence[str], scale: Scale, y: float, height: float) -> list[Markup]:
    parts, start = [], 0.0
    for phase in shown:
        seconds = next((s for p, s in ln.costs.phases.items() if p == phase), 0.0) if ln.costs else 0.0
        if seconds > 0:
            hover = element("title", f"{one_line(ln.label)}, {phase}: {numbers.seconds(seconds)}")
            wide = scale(start + seconds) - scale(start)
            parts.append(element("rect", hover, x=scale(start), y=y, width=max(wide, 0.5), height=height, class_=f"bar {phase}"))
            start += seconds
    return parts


def _legend(phases: Sequence[str], left: float, width: float) -> list[Markup]:
    """The names of the phases, above the bars where they fit there."""
    parts = []
    left = max(0.0, min(left, width - sum(17 + CHARACTER * len(phase) + 18 for phase in phases)))
    for phase in phases:
        parts.append(element("rect", x=left, y=4, width=12, height=12, class_=f"bar {phase}"))
        parts.append(label(left + 17, 15, phase))
        left += 17 + CHARACTER * len(phase) + 18
    return parts


def interval_mark(ln: Line, task: TaskView) -> Markup:
    """A point and its interval on the scale that all rows of the table share; a thin line stands at the score of base."""
    if ln.primary is None or ln.primary.value is None:
        return Markup("")
    scale = _score_scale(task.lines, 6.0, 134.0)
    parts = [line(6, 11, 134, 11, "grid")]
    base = next((b.primary.value for b in task.lines if b.is_base and b.model == ln.model and b.primary), None)
    if base is not None:
        parts.append(line(scale(base), 2, scale(base), 20, "reference"))
    tone = "base" if ln.is_base else "tuned"
    if ln.primary.low is not None and ln.primary.high is not None:
        parts.append(line(scale(ln.primary.low), 11, scale(ln.primary.high), 11, f"whisker thick {tone}"))
    parts.append(element("circle", cx=scale(ln.primary.value), cy=11, r=4.5, class_=f"point {tone}"))
    return element("svg", Markup("").join(parts), class_="mark", viewBox="0 0 140 22", aria_hidden="true")


def _score_scale(lines: Sequence[Line], start: float, end: float) -> Scale:
    """The scale of the primary score over all lines, intervals included, with a little room."""
    values = [v for ln in lines if ln.primary for v in (ln.primary.value, ln.primary.low, ln.primary.high) if v is not None]
    low, high = min(values), max(values)
    pad = (high - low) * 0.08 or max(abs(high) * 0.1, 0.01)
    return Scale(low - pad, high + pad, start, end)


def y_axis(scale: Scale, left: float, right: float, about: int = 5) -> list[Markup]:
    """Lines across and their numbers."""
    ticks = nice_ticks(scale.low, scale.high, about)
    parts = [line(left, scale(t), right, scale(t), "grid") for t in ticks]
    return parts + [label(left - 7, scale(t) + 4, tick_text(t, ticks), "tick", "end") for t in ticks]


def _x_axis(scale: Scale, floor: float, top: float, about: int = 6, whole: bool = False) -> list[Markup]:
    ticks = [t for t in nice_ticks(scale.low, scale.high, about) if not whole or t == int(t)]
    parts = [line(scale(t), floor, scale(t), top, "grid") for t in ticks]
    return parts + [label(scale(t), floor + 17, tick_text(t, ticks), "tick", "middle") for t in ticks]


def _hover(ln: Line, unit: str) -> Markup:
    if ln.primary is None:
        return Markup("")
    interval = numbers.interval(ln.primary.low, ln.primary.high, unit)
    return element("title", f"{one_line(ln.label)}: {numbers.score(ln.primary.value, unit)}{f' ({interval})' if interval else ''}")


def _cost_text(value: float, kind: str, unit: str) -> str:
    return numbers.money(value, unit) if kind == "price" else numbers.seconds(value)


def heat(count: int, of: int) -> int:
    """The shade, 0–5, of a cell of the confusion matrix by its share of the row; whatever is not nothing has a shade."""
    return 0 if not count or not of else 1 + min(4, int(5 * count / of))
