"""Forecasts that are corrected by what was measured before, on the same device."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from harness.cache import cache_folder, use_cache_folder
from harness.forecast import CellKind, add_to_ledger, calibrated, read_calibration, read_ledger
from harness.forecast.corrections import EarlierCell, correct_by
from harness.types import Cell, CellForecast, CellResult, Cost, ForecastRange

LORA, FULL, BASE = (CellKind("task", "tiny", strategy) for strategy in ("lora", "full", "base"))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.cache._Choice.folder", cache_folder())
    use_cache_folder(tmp_path)


def forecast(peak: float = 1000.0, seconds: float = 10.0, device: str = "a CPU", answers: ForecastRange | None = None) -> CellForecast:
    one = ForecastRange(seconds)
    return CellForecast(device, None, ForecastRange(peak), one, answers or one, 0.02, "USD", None, "as-planned")


def result(peak: int, seconds: float, kind: CellKind = LORA) -> CellResult:
    costs = (Cost("train", seconds, "a CPU", peak), Cost("predict", 2 * seconds, "a CPU", peak // 2))
    return CellResult(Cell("id", kind.task, kind.model, kind.strategy, 10, 0), "done", costs)


def corrected(cell: CellForecast, kind: CellKind = LORA) -> CellForecast:
    return calibrated(cell, read_calibration("a CPU"), kind)


def test_without_runs_a_forecast_stays_as_it_is() -> None:
    assert corrected(forecast()).peak == ForecastRange(1000.0, computed=1000.0)


def test_cells_of_a_device_correct_its_forecasts_and_give_them_an_interval() -> None:
    for peak in (1100, 1200, 1300, 1250):
        add_to_ledger(result(peak, 20.0), forecast())
    add_to_ledger(result(5000, 1.0), forecast(device="another"))
    for kind in (LORA, FULL):
        found = corrected(forecast(), kind)
        assert found.peak is not None and found.peak.cells == 4
        assert found.peak.value == pytest.approx((1100 * 1200 * 1300 * 1250) ** 0.25)
        assert found.peak.low < 1100 and found.peak.high > 1300
        assert found.training_seconds.value == pytest.approx(20)
        assert found.answer_seconds.value == pytest.approx(40)
        assert found.price == pytest.approx(0.02 * 60 / 20), "the price follows the time"
    assert calibrated(forecast(device="a third"), read_calibration("a third"), LORA).peak.cells == 0


def test_cells_of_the_same_kind_decide() -> None:
    """An untuned model that writes until the limit takes three times as long each time; a tuned one does not."""
    for seconds in (30.0, 30.0):
        add_to_ledger(result(1000, seconds, BASE), forecast())
    for seconds in (10.0, 11.0):
        add_to_ledger(result(1000, seconds, LORA), forecast())
    untuned, tuned, other = (corrected(forecast(), kind).training_seconds for kind in (BASE, LORA, FULL))
    assert untuned.value == pytest.approx(30) and tuned.value == pytest.approx((10 * 11) ** 0.5)
    assert tuned.high is not None and tuned.high < 15, "cells of its kind hardly differ"
    assert other.value == pytest.approx((30 * 30 * 10 * 11) ** 0.25)
    assert other.low < 10 and other.high > 30, "the next one may be like either"


def test_one_cell_of_a_kind_does_not_make_its_forecast_certain() -> None:
    """Nothing shows how much cells of one kind differ, so the interval is that of all."""
    for kind, seconds in ((BASE, 30.0), (LORA, 10.0), (FULL, 12.0)):
        add_to_ledger(result(1000, seconds, kind), forecast())
    found = corrected(forecast(), BASE).training_seconds
    assert found.value == pytest.approx(30)
    assert found.low < 10 and found.high > 60


def test_the_range_of_outputs_is_left_behind_once_three_cells_have_shown_their_length() -> None:
    answers = ForecastRange(10.0, 5.0, 60.0)
    for cells, is_replaced in ((1, False), (1, False), (1, True)):
        for _ in range(cells):
            add_to_ledger(result(1000, 5.5), forecast(answers=answers))
        found = corrected(forecast(answers=answers)).answer_seconds
        assert found.value == pytest.approx(11)
        assert (found.high == pytest.approx(11)) is is_replaced, found
        assert found.low <= found.value <= found.high


def test_a_kind_that_took_longer_than_its_range_is_no_shorter_than_its_forecast() -> None:
    """Two cells give no interval, and the range of outputs follows the device."""
    add_to_ledger(result(1000, 50.0, BASE), forecast())
    add_to_ledger(result(1000, 5.0, LORA), forecast())
    found = corrected(forecast(answers=ForecastRange(10.0, 5.0, 20.0)), BASE).answer_seconds
    assert found.high == found.value == pytest.approx(100)
    assert found.low == pytest.approx(5 * 10**0.5)


def test_small_cells_say_nothing_about_large_ones() -> None:
    """A run of the included model takes ten times as long as a forecast of milliseconds says; an hour of training does not take ten."""
    for _ in range(3):
        add_to_ledger(result(1500, 0.1), forecast(peak=1000.0, seconds=0.01))
    add_to_ledger(result(55_000, 3000.0), forecast(peak=50_000.0, seconds=2500.0))
    hour, blink = (corrected(forecast(peak, seconds)) for peak, seconds in ((40_000.0, 3600.0), (1000.0, 0.02)))
    assert (hour.training_seconds.value, hour.training_seconds.cells) == (pytest.approx(3600 * 1.2), 1)
    assert (hour.peak.value, hour.peak.cells) == (pytest.approx(44_000), 1)
    assert (blink.training_seconds.value, blink.training_seconds.cells) == (pytest.approx(0.2), 3)


def test_a_time_that_was_counted_says_nothing_about_one_that_was_tried() -> None:
    """Counting leaves out most of what small cells take, and a few more examples make them large enough for a trial."""
    add_to_ledger(result(1500, 50.0), forecast())
    found = corrected(replace(forecast(seconds=40.0), is_tried=True))
    assert (found.training_seconds.value, found.training_seconds.cells) == (40, 0)
    assert found.peak is not None and found.peak.value == pytest.approx(1500)


def test_a_usual_length_of_outputs_says_nothing_about_a_sample_of_them() -> None:
    """The untuned model wrote half as much as is usual, which a sample of its outputs shows before the next run."""
    add_to_ledger(result(1500, 2.5), forecast())
    assert corrected(forecast()).answer_seconds.value == pytest.approx(5.0)
    sampled = corrected(replace(forecast(answers=ForecastRange(5.2)), is_sampled=True))
    assert (sampled.answer_seconds.value, sampled.answer_seconds.cells) == (5.2, 0)
    assert sampled.training_seconds.value == pytest.approx(2.5), "of trainings, it says as much as before"
    add_to_ledger(result(1500, 2.5), replace(forecast(answers=ForecastRange(4.0)), is_sampled=True))
    sampled = corrected(replace(forecast(answers=ForecastRange(8.0)), is_sampled=True))
    assert (sampled.answer_seconds.value, sampled.answer_seconds.cells) == (pytest.approx(10.0), 1)


def test_a_corrected_forecast_is_stored_uncorrected() -> None:
    """Otherwise a correction would be computed from corrected forecasts, and shrink."""
    for _ in range(4):
        add_to_ledger(result(1500, 20.0), corrected(forecast()))
    assert {record.peak for record in read_ledger()} == {1000.0}
    assert corrected(forecast()).peak.value == pytest.approx(1500)


@pytest.mark.parametrize("kinds", [1, 2, 5])
def test_the_interval_covers_nine_of_ten_further_cells(kinds: int) -> None:
    """Coverage of the prediction interval for ratios that are log-normal around the mean of their kind, over 400 ledgers of 8 cells."""
    generator = np.random.default_rng(5)
    names = [CellKind("task", "tiny", str(i)) for i in range(kinds)]
    inside = 0
    for _ in range(400):
        means = generator.normal(0, 1.0, kinds)
        earlier = [EarlierCell(names[i % kinds], float(generator.normal(means[i % kinds], 0.3))) for i in range(8)]
        found = correct_by(earlier, names[0])
        assert found.low is not None and found.high is not None
        inside += found.low <= math.exp(generator.normal(means[0], 0.3)) <= found.high
    assert 0.86 < inside / 400 < 0.94


def test_few_cells_correct_without_an_interval() -> None:
    add_to_ledger(result(2000, 20.0), forecast())
    peak = corrected(forecast()).peak
    assert peak is not None and (peak.value, peak.low, peak.cells) == (pytest.approx(2000), None, 1)
