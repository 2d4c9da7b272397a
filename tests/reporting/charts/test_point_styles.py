"""Colours by strategy and shapes by model: the same in every chart, and different for colour-blind readers, too."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest
from report_factory import Made, classification, make_run, page_of, summarization

from harness.catalog import shipped_folder
from harness.reporting.charts import list_measures
from harness.reporting.charts.point_styles import SHAPES, TONES, model_shapes, point_style
from harness.results import RunResults

Colour = tuple[float, float, float]

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
VISION: dict[str, tuple[Colour, Colour, Colour]] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
DISTINCT = 15.0  # CIE76; about 2 is the smallest difference that can be seen, side by side


def linear(colour: str) -> Colour:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def seen(colour: Colour, vision: str) -> Colour:
    red, green, blue = (min(1.0, max(0.0, sum(a * b for a, b in zip(row, colour, strict=True)))) for row in VISION[vision])
    return red, green, blue


def lab(colour: Colour) -> Colour:
    red, green, blue = colour
    whole = ((0.4124, 0.3576, 0.1805, 0.95047), (0.2126, 0.7152, 0.0722, 1.0), (0.0193, 0.1192, 0.9505, 1.08883))
    x, y, z = ((r * red + g * green + b * blue) / white for r, g, b, white in whole)
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def contrast(a: Colour, b: Colour) -> float:
    dark, light = sorted(0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (a, b))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_of_strategies_differ_for_every_reader(scheme: str) -> None:
    blocks = re.findall(r":root \{(.*?)\}", (shipped_folder("reports") / "report.css").read_text(encoding="utf-8"), re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", blocks[0 if scheme == "light" else 1]))
    tones = [linear(colours[f"tone{i + 1}"]) for i in range(TONES)]
    assert all(contrast(tone, linear(colours["paper"])) >= 4.5 for tone in tones), "names of lines have these colours"
    for vision in VISION:
        for a, b in combinations(tones, 2):
            distance = sum((p - q) ** 2 for p, q in zip(lab(seen(a, vision)), lab(seen(b, vision)), strict=True)) ** 0.5
            assert distance >= DISTINCT, (vision, tones.index(a) + 1, tones.index(b) + 1)


def marks(svg: str) -> dict[str, tuple[str, str]]:
    """The element and the classes of each point, by the strategy that its tooltip names."""
    found = re.findall(r'<(circle|polygon)[^>]* class="point ([^"]+)"><title>([^:]+):', svg)
    return {name: (shape, tone) for shape, tone, name in found}


def chart(page: str, name: str) -> str:
    """One of the charts of a page, by the id of its title."""
    start = page.index(f'aria-labelledby="{name}-title')
    return page[page.rindex("<svg", 0, start) : page.index("</svg>", start)]


def test_a_strategy_has_one_colour_and_a_model_one_shape_in_all_charts(wide: RunResults) -> None:
    page = page_of(wide)
    svg = chart(page, "task-1-cost-chart-1")
    tones: dict[str, set[str]] = {}
    shapes: dict[str, set[str]] = {}
    for name, (shape, tone) in marks(svg).items():
        strategy, model, *_ = name.split(" · ")
        tones.setdefault(strategy, set()).add(tone)
        shapes.setdefault(model, set()).add(shape)
    assert tones.keys() == {"Untuned model", "few-shot", "LoRA", "QLoRA", "Full fine-tuning"}
    assert all(len(own) == 1 for own in tones.values()) and len({*map(min, tones.values())}) == len(tones)
    assert shapes == {"smollm2-135m": {"circle"}, "answerdotai/ModernBERT-base": {"polygon"}}
    legend = re.findall(r">([^<>]+)</text>", svg[svg.index('class="key point') :])
    assert legend == ["Untuned model", "few-shot", "Full fine-tuning", "LoRA", "QLoRA", *shapes]
    names = re.findall(r'class="label halo"[^>]*>([^<]+)<', svg)
    assert names and not any(model in name for name in names for model in shapes), "the shape tells the model"
    ends = dict(re.findall(r'class="label halo (tone\d)"[^>]*>([^<]+)<', chart(page, "task-1-learning-1")))
    assert {name: {tone} for tone, name in ends.items()}.items() <= tones.items(), "the learning curves have the same colours"


def test_one_model_needs_no_legend_where_every_point_has_its_name(plain: RunResults) -> None:
    svg = chart(page_of(plain), "task-1-cost-chart-1")
    assert "key point" not in svg and all(f">{name}</text>" in svg for name in ("LoRA", "QLoRA", "Untuned model"))


def test_the_chart_over_all_tasks_has_the_colours_of_each_task(troubled: RunResults) -> None:
    page = page_of(troubled)
    everywhere, of_task = marks(chart(page, "all-cost-chart-1")), marks(chart(page, "task-1-cost-chart-1"))
    assert everywhere and everywhere.items() <= of_task.items()


def test_the_seventh_strategy_is_hollow_and_the_sixth_model_has_the_first_shape(tmp_path: Path) -> None:
    strategies = [Made("base"), *(Made(f"s{i}", seed=1) for i in range(7))]
    models = [Made("base", model=f"m{i}") for i in range(6)]
    run = make_run(tmp_path / "run", [summarization(strategies, rows=1), classification(models, rows=1)])
    styles = {result.label: point_style(result) for result in run.by_task["summarization"].strategies}
    assert styles["base"].tone == "base" and styles["s0"].tone == "tone1" and styles["s6"].tone == "tone1 open"
    assert len(set(styles.values())) == 8
    assert [*model_shapes(run.plan).values()] == [*SHAPES, *SHAPES[:2]]


def test_the_first_axis_separates_prompt_strategies(tmp_path: Path) -> None:
    cells = [Made("base", predict_seconds=20), Made("few-shot", seed=1, predict_seconds=60), Made("lora", seed=1, train_seconds=90)]
    strategies = make_run(tmp_path / "run", [summarization(cells, rows=2)]).by_task["summarization"].strategies
    measure = list_measures(strategies)[0]
    costs = {measure.value(result.costs) for result in strategies if result.costs}
    assert measure.name != "Cost to train" and len(costs) == 3, "training costs both prompts nothing"
