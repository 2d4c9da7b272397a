"""What the charts are computed from."""

from __future__ import annotations

import re

import pytest

from harness.reporting import charts
from harness.reporting.build import report_view
from harness.reporting.svg import Scale, element, nice_ticks, spread, tick_text
from harness.reporting.view import Curve
from harness.store import Run


@pytest.mark.parametrize(
    ("low", "high", "ticks"), [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0.43, 0.58, [0.45, 0.5, 0.55]), (0, 900, [0, 200, 400, 600, 800])]
)
def test_ticks_are_round_and_inside(low: float, high: float, ticks: list[float]) -> None:
    assert nice_ticks(low, high) == pytest.approx(ticks)


def test_ticks_of_nothing() -> None:
    assert nice_ticks(1, 1) == [1]
    assert nice_ticks(float("nan"), 1) == []


def test_tick_texts_have_the_decimals_that_the_steps_need() -> None:
    assert [tick_text(t, [0, 0.005, 0.01]) for t in (0, 0.005, 0.01)] == ["0.000", "0.005", "0.010"]
    assert tick_text(1500, [0, 500, 1000, 1500]) == "1,500"


def test_labels_are_moved_apart_and_stay_inside() -> None:
    placed = spread([50, 52, 51, 200], 15, 0, 100)
    assert sorted(placed)[-1] <= 100
    assert all(b - a >= 15 for a, b in zip(sorted(placed), sorted(placed)[1:], strict=False))
    assert spread([10, 60], 15, 0, 100) == [10, 60]


def test_a_scale_maps_ends_onto_ends() -> None:
    scale = Scale(0, 10, 100, 0)
    assert (scale(0), scale(10), scale(2.5)) == (100, 0, 75)


def test_elements_escape_what_they_hold() -> None:
    assert element("text", "</text><script>", class_='a"b') == '<text class="a&#34;b">&lt;/text&gt;&lt;script&gt;</text>'


def test_smoothing_keeps_the_level_and_thins_out() -> None:
    assert [loss for _, loss in charts.smoothed([(i, 2.0) for i in range(50)])] == pytest.approx([2.0] * 50)
    many = charts.smoothed([(i, 1.0) for i in range(10_000)])
    assert len(many) <= 242
    assert many[-1][0] == 9_999
    assert charts.smoothed([]) == []


def test_the_best_validation_is_marked() -> None:
    curve = Curve("lora", ((1, 3.0), (2, 2.0)), ((1, 2.5), (2, 2.25), (3, 2.75)), (2, 2.25), True)
    svg = charts.curve_chart(curve, "c")
    assert "best 2.250" in svg
    assert "The best validation loss is 2.250 at step 2." in svg


def test_the_cost_axis_is_money_only_if_every_price_is_known(plain: Run) -> None:
    task = report_view(plain).tasks[0]
    assert charts.cost_unit(task.lines) == ("price", "USD")
    svg = charts.cost_chart(task, "c")
    assert "training cost (USD)" in svg
    assert len(re.findall("<circle", svg)) == 3


@pytest.mark.parametrize(("count", "of", "shade"), [(0, 10, 0), (1, 1000, 1), (5, 10, 3), (10, 10, 5), (0, 0, 0)])
def test_shades_of_the_confusion_matrix(count: int, of: int, shade: int) -> None:
    assert charts.heat(count, of) == shade
