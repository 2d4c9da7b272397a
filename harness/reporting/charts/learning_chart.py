"""The picture of a learning curve: score against training rows, what was run drawn through, what is predicted dashed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from harness.reporting.charts.axes import y_axis
from harness.reporting.charts.point_names import label_heights
from harness.reporting.charts.svg import CHARACTER, Scale, element, figure, label, line, path
from harness.reporting.views.learning import shown_forecasts
from harness.reporting.views.view import Learning, LearningLine, TaskView
from harness.reporting.wording import numbers
from harness.results import StrategyResult
from harness.statistics import FAR_FACTOR, LearningCurve
from harness.text import one_line, short

_COLOURS = 6  # of the style sheet; the labels tell lines apart where colours come again
_LABEL = 28
_STEPS = 60  # points of a drawn curve
_APART = 5.0  # pixels between two strategies at one size, so that their whiskers can be told apart
_TICK_GAP = 46.0  # pixels that the number of a size needs


def models_of(learning: Learning) -> list[str]:
    """The models that have curves: a picture each, since all lines in one would cover each other."""
    return list(dict.fromkeys(ln.model for ln in learning.lines))


def learning_chart(task: TaskView, model: str, name: str) -> Markup:
    """The curves of one model's strategies on one task; its untrained strategies are lines across."""
    if task.learning is None:
        return Markup("")
    curves = [ln for ln in task.learning.lines if ln.model == model]
    across = [ln for ln in task.learning.references if ln.model == model]
    names = max(CHARACTER * len(_strategy(name, model)) for name in [*(ln.label for ln in curves), *(ln.label for ln in across)])
    width, height, left, right, top, bottom = 680.0, 360.0, 62.0, min(240.0, names + 22 + len(curves) * _APART / 2), 18.0, 48.0
    x = _Sizes([size for ln in curves for size in _sizes(ln.curve)], left + 12, width - right)
    y = _score_scale(curves, across, height - bottom, top)
    parts = [*_far(curves, x, height - bottom, top), *y_axis(y, left, width - right), *_size_axis(x, height - bottom, top)]
    parts.append(label(width - right, height - 8, "training rows (log scale)", "axis-title", "end"))
    parts.append(element("text", task.primary.name, x=-top, y=14, class_="axis-title", text_anchor="end", transform="rotate(-90)"))
    names_at = [_Name(width - right, y(_value(ln)), _strategy(ln.label, model), "label muted") for ln in across]
    parts += [line(left, name.y, width - right, name.y, "reference") for name in names_at]
    tones = _tones(task.learning)
    for i, curve in enumerate(curves):
        tone = tones[curve.lines[0].strategy]
        aside = replace(x, aside=(i - (len(curves) - 1) / 2) * _APART)
        parts += _curve(curve, aside, y, (tone, task.primary.unit))
        size, value = _end(curve.curve)
        names_at.append(_Name(x(size) + len(curves) * _APART / 2, y(value), _strategy(curve.label, model), f"label halo {tone}"))
    parts += _names(names_at, top + 10, height - bottom - 4)
    said = " ".join(_said(ln, task.primary.unit) for ln in curves)
    title = f"{task.primary.name} on {task.name} against training rows"
    return figure(name, (width, height), parts, title=title, description=f"Bars are 95 % intervals. {said}")


def _tones(learning: Learning) -> dict[str, str]:
    """The colour of each strategy, the same for every model."""
    return {strategy: f"tone{i % _COLOURS + 1}" for i, strategy in enumerate(dict.fromkeys(ln.lines[0].strategy for ln in learning.lines))}


@dataclass(frozen=True)
class _Name:
    """Where a line ends, and what it is called there."""

    x: float
    y: float
    text: str
    class_: str


def _names(names: Sequence[_Name], low: float, high: float) -> list[Markup]:
    """The names at the ends of their lines, moved apart where they would cover each other."""
    placed = label_heights([(name.x, name.text) for name in names], [name.y + 4 for name in names], low, high)
    return [label(name.x + 10, at, name.text, name.class_, limit=_LABEL) for name, at in zip(names, placed, strict=True)]


def _value(ln: StrategyResult) -> float:
    return ln.primary.value if ln.primary and ln.primary.value is not None else 0.0


@dataclass(frozen=True)
class _Sizes:
    """The axis of training rows, on a log scale; `aside` shifts one strategy's points and curve by some pixels."""

    sizes: Sequence[int]
    start: float
    end: float
    aside: float = 0.0

    @property
    def scale(self) -> Scale:
        low, high = math.log10(min(self.sizes)), math.log10(max(self.sizes))
        return Scale(low, high, self.start, self.end)

    def __call__(self, size: float) -> float:
        return self.scale(math.log10(size)) + self.aside

    def ticks(self) -> list[int]:
        """The sizes that were run or are predicted, as many of them as leave room for their numbers; the largest is always there."""
        kept: list[int] = []
        for size in sorted(set(self.sizes), reverse=True):
            if not kept or self(kept[-1]) - self(size) >= _TICK_GAP:
                kept.append(size)
        return kept[::-1]


def _strategy(text: str, model: str) -> str:
    """The label without the model, which is named above the picture."""
    return short(text.removesuffix(f" · {model}"), _LABEL)


def _sizes(curve: LearningCurve) -> list[int]:
    return [size for size, _ in curve.points] + [f.size for f in shown_forecasts(curve)]


def _end(curve: LearningCurve) -> tuple[int, float]:
    """Where the line ends: the last prediction, else the last score."""
    forecasts = shown_forecasts(curve)
    size, score = curve.points[-1]
    return (forecasts[-1].size, forecasts[-1].value) if forecasts else (size, score.value or 0.0)


def _score_scale(curves: Sequence[LearningLine], across: Sequence[StrategyResult], start: float, end: float) -> Scale:
    """Scores with their intervals and predictions without: an interval that says nothing must not press the rest flat."""
    scores = [score for ln in curves for _, score in ln.curve.points]
    values = [v for s in scores for v in (s.value, s.low, s.high) if v is not None]
    values += [f.value for ln in curves for f in shown_forecasts(ln.curve)]
    values += [_value(ln) for ln in across]
    low, high = min(values), max(values)
    pad = (high - low) * 0.08 or max(abs(high) * 0.1, 0.01)
    return Scale(low - pad, high + pad, start, end)


def _size_axis(x: _Sizes, floor: float, top: float) -> list[Markup]:
    parts = [line(x(t), floor, x(t), top, "grid") for t in x.ticks()]
    return parts + [label(x(t), floor + 17, f"{t:,}", "tick", "middle") for t in x.ticks()]


def _far(curves: Sequence[LearningLine], x: _Sizes, floor: float, top: float) -> list[Markup]:
    """Where predictions are more than ten times away from every size that was run."""
    limit = FAR_FACTOR * max(ln.curve.points[-1][0] for ln in curves)
    if limit >= max(x.sizes):
        return []
    at, end = x(limit), x(max(x.sizes))
    shade = element("rect", x=at, y=top, width=end - at, height=floor - top, class_="far")
    return [shade, label(end, top - 5, f"more than {FAR_FACTOR}× the largest size run", "tick", "end")]


def _curve(ln: LearningLine, x: _Sizes, y: Scale, style: tuple[str, str]) -> list[Markup]:
    """Scores with their intervals; through them the fitted curve, or straight lines where there is none; predictions as open circles.

    `style` is the class of the colour and the unit of the score.
    """
    tone, unit = style
    points = [(size, score) for size, score in ln.curve.points if score.value is not None]
    first, last = points[0][0], points[-1][0]
    fit = ln.curve.fit
    parts: list[Markup] = []
    if fit is None:
        parts.append(path([(x(size), y(score.value or 0.0)) for size, score in points], f"curve thin {tone}"))
    else:
        parts.append(path([(x(n), y(fit.at(n))) for n in _between(first, last)], f"curve {tone}"))
        parts.append(path([(x(n), y(fit.at(n))) for n in _between(last, _end(ln.curve)[0])], f"curve dashed {tone}"))
    for size, score in points:
        hover = f"{one_line(ln.label)}, {size:,} rows: {numbers.score(score.value, unit)} ({numbers.interval(score.low, score.high, unit)})"
        parts += _point((x(size), y(score.value or 0.0)), _whisker(score.low, score.high, y), hover, f"solid {tone}")
    for f in shown_forecasts(ln.curve):
        value = f"{numbers.score(f.value, unit)} ({numbers.interval(f.low, f.high, unit)})"
        hover = f"{one_line(ln.label)}, {f.size:,} rows, predicted: {value}"
        parts += _point((x(f.size), y(f.value)), _whisker(f.low, f.high, y), hover, f"open {tone}")
    return parts


def _between(first: int, last: int) -> list[float]:
    return [first * (last / first) ** (i / _STEPS) for i in range(_STEPS + 1)]


def _whisker(low: float | None, high: float | None, y: Scale) -> tuple[float, float] | None:
    """Both ends in pixels, cut at the edge of the picture."""
    if low is None or high is None:
        return None
    return y(max(low, y.low)), y(min(high, y.high))


def _point(at: tuple[float, float], whisker: tuple[float, float] | None, hover: str, class_: str) -> list[Markup]:
    parts = [line(at[0], whisker[0], at[0], whisker[1], f"whisker {class_}")] if whisker else []
    return [*parts, element("circle", element("title", hover), cx=at[0], cy=at[1], r=3.5, class_=f"spot {class_}")]


def _said(ln: LearningLine, unit: str) -> str:
    scores = ", ".join(f"{numbers.score(score.value, unit)} at {size:,}" for size, score in ln.curve.points)
    predicted = ", ".join(f"{numbers.score(f.value, unit)} at {f.size:,}" for f in shown_forecasts(ln.curve))
    return f"{ln.label}: {scores}{f'; predicted {predicted}' if predicted else ''}."
