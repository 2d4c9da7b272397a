"""What distinguishes the points of a chart: a colour for each strategy, a shape for each model, and the legend of both.

A strategy has one colour in all charts of a run. The six colours of `reports/report.css` differ for colour-blind readers, too; from the
seventh strategy on, points are hollow. The untuned model is hollow and grey.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.reporting.charts.svg import element, label, text_width
from harness.reporting.wording import chart_texts, names
from harness.results import StrategyResult
from harness.store import EXTERNAL, RunPlan
from harness.text import short

SHAPES = ("circle", "box", "triangle", "diamond", "wedge")
TONES = 6  # of the style sheet
_CORNERS = {"box": (4, 45.0, 1.25), "triangle": (3, 90.0, 1.5), "diamond": (4, 90.0, 1.35), "wedge": (3, -90.0, 1.5)}
_ROW = 20.0  # pixels between two lines of a legend
_KEY = 30  # characters of a name in a legend


@dataclass(frozen=True)
class PointStyle:
    """The appearance of a point: the classes of its colour, and a shape of `SHAPES`."""

    tone: str
    shape: str


def strategy_tones(plan: RunPlan) -> dict[str, str]:
    """The class of each strategy's colour, in the order of the plan; more strategies than colours share them."""
    tones = {name: f"tone{i % TONES + 1}" for i, name in enumerate(_tuned(plan))}
    return {**tones, "base": "base"}


def model_shapes(plan: RunPlan) -> dict[str, str]:
    """The shape of each model, in the order of the plan; more models than shapes share them, and so do those that were tuned elsewhere."""
    groups = {cell.model: _group_of(cell.model, plan) for cell in (*plan.cells, *plan.trial_cells)}
    shapes = {group: SHAPES[i % len(SHAPES)] for i, group in enumerate(dict.fromkeys(groups.values()))}
    return {model: shapes[group] for model, group in groups.items()}


def _group_of(model: str, plan: RunPlan) -> str:
    """What the legend has instead of a model: whole models that were tuned elsewhere have the names of their strategies."""
    return model if model == EXTERNAL or plan.is_base_model(model) else chart_texts.TUNED_ELSEWHERE


def point_style(result: StrategyResult) -> PointStyle:
    """The appearance of a strategy of a model."""
    plan = result.run.plan
    tone, shape = strategy_tones(plan)[result.strategy], model_shapes(plan)[result.model]
    hollow = not result.is_base and _tuned(plan).index(result.strategy) // TONES % 2 == 1
    return PointStyle(f"{tone} open" if hollow else tone, shape)


def draw_marker(style: PointStyle, x: float, y: float, radius: float, *, hover: str = "", class_: str = "point") -> Markup:
    """A point. Shapes of one radius cover about the same area."""
    title = element("title", hover) if hover else ""
    classes = f"{class_} {style.tone}"
    if style.shape == "circle":
        return element("circle", title, cx=x, cy=y, r=radius, class_=classes)
    corners, start, scale = _CORNERS[style.shape]
    angles = [math.radians(start + 360 * i / corners) for i in range(corners)]
    at = " ".join(f"{x + scale * radius * math.cos(a):.1f},{y - scale * radius * math.sin(a):.1f}" for a in angles)
    return element("polygon", title, points=at, class_=classes)


def draw_legend(results: Sequence[StrategyResult], left: float, right: float, top: float) -> tuple[list[Markup], float]:
    """The colours of the strategies, and below them the shapes of the models, with the height in pixels that they take."""
    plan = results[0].run.plan
    styles = {result: point_style(result) for result in sorted(results, key=lambda result: plan.cells.index(result.cells[0]))}
    return draw_keys([(r.strategy, _group_of(r.model, plan), style) for r, style in styles.items()], left, right, top)


def draw_keys(entries: Sequence[tuple[str, str, PointStyle]], left: float, right: float, top: float) -> tuple[list[Markup], float]:
    """The legend of these strategies, models (empty: not in the legend) and styles, with the height in pixels that it takes."""
    strategies = {name: (names.strategy_name(name), PointStyle(style.tone, "circle")) for name, _, style in entries}
    models = {model: (chart_texts.name_model(model), PointStyle("base", style.shape)) for _, model, style in entries if model}
    parts: list[Markup] = []
    y = top
    for row in [*_rows(strategies.values(), right - left), *_rows(models.values(), right - left)]:
        x = left
        for name, style in row:
            parts += [draw_marker(style, x + 6, y - 4, 5, class_="key point"), label(x + 16, y, name, "label", limit=_KEY)]
            x += _width(name)
        y += _ROW
    return parts, y - top


def _tuned(plan: RunPlan) -> list[str]:
    """Every strategy but the untuned model, those that the race of a search has dropped last."""
    return [name for name in dict.fromkeys(cell.strategy for cell in (*plan.cells, *plan.trial_cells)) if name != "base"]


def _rows(entries: Iterable[tuple[str, PointStyle]], width: float) -> Iterator[list[tuple[str, PointStyle]]]:
    """The entries in lines that are no wider."""
    row: list[tuple[str, PointStyle]] = []
    for entry in entries:
        if row and sum(_width(name) for name, _ in [*row, entry]) > width:
            yield row
            row = []
        row.append(entry)
    if row:
        yield row


def _width(name: str) -> float:
    return 40 + text_width(short(name, _KEY))
