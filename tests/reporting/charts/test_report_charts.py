"""What the charts are computed from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from report_factory import Made, make_run, summarization

from harness.reporting.charts import draw_cost_chart, draw_phase_chart, draw_training_chart, heat, list_measures, list_spending
from harness.reporting.charts.point_names import Box, Spot, box_of, label_places
from harness.reporting.charts.svg import Scale, element, nice_ticks, spread, tick_text
from harness.reporting.charts.training_chart import smoothed
from harness.reporting.views import build_report_view
from harness.reporting.views.sections import OutputSource, TrainingCurve
from harness.reporting.wording.names import strategy_name
from harness.reporting.wording.run_sentences import describe_status
from harness.results import RunResults


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


def test_names_stand_beside_their_points_and_on_nothing() -> None:
    """Two points side by side, one above the other's interval, one in the corner."""
    spots = [
        Spot(500, 100, 180, 60, "lora"), Spot(515, 102, 170, 70, "qlora"), Spot(70, 300, 310, 290, "base"),
        Spot(70, 285, 300, 270, "few-shot"), Spot(590, 40, 60, 20, "a strategy with a long name"),
    ]  # fmt: skip
    places = label_places(spots, range(len(spots)), Box(60, 16, 620, 330))
    boxes = {i: box_of(place, spots[i].text) for i, place in places.items()}
    for i, box in boxes.items():
        assert Box(60, 16, 620, 330).holds(box)
        assert not any(box.shared(other) for j, other in boxes.items() if j != i)
        assert not any(box.shared(Box(s.x - 6, s.y - 6, s.x + 6, s.y + 6)) for s in spots)
    assert places[2].y > places[3].y, "each is nearer to its own point"


def test_a_scale_maps_ends_onto_ends() -> None:
    scale = Scale(0, 10, 100, 0)
    assert (scale(0), scale(10), scale(2.5)) == (100, 0, 75)


def test_elements_escape_what_they_hold() -> None:
    assert element("text", "</text><script>", class_='a"b') == '<text class="a&#34;b">&lt;/text&gt;&lt;script&gt;</text>'


def test_smoothing_keeps_the_level_and_thins_out() -> None:
    assert [loss for _, loss in smoothed([(i, 2.0) for i in range(50)])] == pytest.approx([2.0] * 50)
    many = smoothed([(i, 1.0) for i in range(10_000)])
    assert len(many) <= 242
    assert many[-1][0] == 9_999
    assert smoothed([]) == []


def test_the_best_validation_is_marked() -> None:
    curve = TrainingCurve(OutputSource("lora", None), ((1, 3.0), (2, 2.0)), ((1, 2.5), (2, 2.25), (3, 2.75)), (2, 2.25), True)
    svg = draw_training_chart(curve, "c")
    assert "best 2.250" in svg
    assert "The best validation loss is 2.250 at step 2." in svg


def test_a_picture_for_every_measure_of_cost_that_is_known(plain: RunResults, tmp_path: Path) -> None:
    task = build_report_view(plain).tasks[0]
    measures = list_measures(task.strategies)
    assert [m.name for m in measures] == ["Cost to train", "Cost per 1,000 outputs", "Time to train", "Time per output", "Memory"]
    for measure in measures:
        svg = draw_cost_chart(task, measure, "c")
        assert measure.axis in svg
        assert len(re.findall('class="point', svg)) == 3
    free = make_run(tmp_path / "free", [summarization([Made("base", 0.2), Made("lora", 0.5, 1, train_seconds=9, priced=False)])])
    assert "Cost to train" not in [m.name for m in list_measures(build_report_view(free).tasks[0].strategies)]
    alone = make_run(tmp_path / "alone", [summarization([Made("base", 0.2)])])
    assert list_measures(build_report_view(alone).tasks[0].strategies) == (), "a point alone is no trade-off"


def test_the_line_joins_those_that_none_beats(tmp_path: Path) -> None:
    cells = [Made("base", 0.1), Made("lora", 0.9, 1, train_seconds=10), Made("full", 0.6, 1, train_seconds=100)]
    task = build_report_view(make_run(tmp_path / "run", [summarization(cells)])).tasks[0]
    (line,) = re.findall('<path d="([^"]+)" class="front"', draw_cost_chart(task, list_measures(task.strategies)[0], "c"))
    assert line.count("L") == 1, "base and lora: full is dearer and worse"


def test_money_and_time_of_every_cell_are_in_the_bars(troubled: RunResults) -> None:
    task = build_report_view(troubled).tasks[0]
    time, money = list_spending(task.strategies)
    costs = [r.costs for r in troubled.results.values() if r.cell.task == task.name]
    amounts = [sum(sum(spending.amounts(ln.spent).values()) for ln in task.strategies if ln.spent) for spending in (time, money)]
    assert amounts[0] == pytest.approx(sum(c.seconds for own in costs for c in own) / 60)
    assert amounts[1] == pytest.approx(sum(c.price or 0.0 for own in costs for c in own))
    assert "out-of-memory" in {describe_status(ln).split()[-1] for ln in task.strategies}
    assert all(strategy_name(ln.label) in draw_phase_chart(task, money, "c") for ln in task.strategies)


@pytest.mark.parametrize(("count", "of", "shade"), [(0, 10, 0), (1, 1000, 1), (5, 10, 3), (10, 10, 5), (0, 0, 0)])
def test_shades_of_the_confusion_matrix(count: int, of: int, shade: int) -> None:
    assert heat(count, of) == shade
