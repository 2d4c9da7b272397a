"""Forecasts that are corrected by what was measured before, on the same device."""

from __future__ import annotations

import json
import math

import pytest

from harness.cache import cache_folder, use_cache_folder
from harness.errors import BenchError
from harness.forecast import add_to_ledger, calibrated, ledger_file, read_calibration, read_ledger
from harness.forecast.ledger import correction_of
from harness.types import Cell, CellForecast, CellResult, Cost, ForecastRange

CELL = Cell("id", "task", "tiny", "lora", 10, 0)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.cache._Choice.folder", cache_folder())
    use_cache_folder(tmp_path)


def forecast(peak: float = 1000.0, seconds: float = 10.0, device: str = "a CPU") -> CellForecast:
    one = ForecastRange(seconds)
    return CellForecast(device, None, ForecastRange(peak), one, one, 0.02, "USD", None, "as-planned")


def result(peak: int, seconds: float, status: str = "done") -> CellResult:
    costs = (Cost("train", seconds, "a CPU", peak), Cost("predict", 2 * seconds, "a CPU", peak // 2))
    return CellResult(CELL, status, costs)


def test_without_runs_a_forecast_stays_as_it_is() -> None:
    assert calibrated(forecast(), read_calibration("a CPU")).peak == ForecastRange(1000.0, computed=1000.0)


def test_cells_of_a_device_correct_its_forecasts_and_give_them_an_interval() -> None:
    for peak in (1100, 1200, 1300, 1250):
        add_to_ledger(result(peak, 20.0), forecast())
    add_to_ledger(result(5000, 1.0), forecast(device="another"))
    corrected = calibrated(forecast(), read_calibration("a CPU"))
    assert corrected.peak is not None and corrected.peak.cells == 4
    assert corrected.peak.value == pytest.approx((1100 * 1200 * 1300 * 1250) ** 0.25)
    assert corrected.peak.low < 1100 and corrected.peak.high > 1300
    assert corrected.training_seconds.value == pytest.approx(20)
    assert corrected.answer_seconds.value == pytest.approx(40)
    assert corrected.price == pytest.approx(0.02 * 60 / 20), "the price follows the time"
    assert calibrated(forecast(), read_calibration("a third")).peak.cells == 0


def test_small_cells_say_nothing_about_large_ones() -> None:
    """A run of the included model takes ten times as long as a forecast of milliseconds says; an hour of training does not take ten."""
    for _ in range(3):
        add_to_ledger(result(1500, 0.1), forecast(peak=1000.0, seconds=0.01))
    add_to_ledger(result(55_000, 3000.0), forecast(peak=50_000.0, seconds=2500.0))
    calibration = read_calibration("a CPU")
    hour, blink = (calibrated(forecast(peak, seconds), calibration) for peak, seconds in ((40_000.0, 3600.0), (1000.0, 0.02)))
    assert (hour.training_seconds.value, hour.training_seconds.cells) == (pytest.approx(3600 * 1.2), 1)
    assert (hour.peak.value, hour.peak.cells) == (pytest.approx(44_000), 1)
    assert (blink.training_seconds.value, blink.training_seconds.cells) == (pytest.approx(0.2), 3)


def test_a_corrected_forecast_is_stored_uncorrected() -> None:
    """Otherwise a correction would be computed from corrected forecasts, and shrink."""
    for _ in range(4):
        add_to_ledger(result(1500, 20.0), calibrated(forecast(), read_calibration("a CPU")))
    assert {record.peak for record in read_ledger()} == {1000.0}
    assert calibrated(forecast(), read_calibration("a CPU")).peak.value == pytest.approx(1500)


def test_the_interval_covers_nine_of_ten_further_cells() -> None:
    """Coverage of the prediction interval for ratios that are log-normal, over 400 ledgers of 6 cells."""
    import numpy as np

    generator = np.random.default_rng(5)
    inside = 0
    for _ in range(400):
        ratios = np.exp(generator.normal(0.1, 0.3, 7))
        found = correction_of([(1.0, float(ratio)) for ratio in ratios[:6]])
        assert found.low is not None and found.high is not None
        inside += found.low <= ratios[6] <= found.high
    assert 0.86 < inside / 400 < 0.94


def test_cells_that_did_not_finish_are_left_out() -> None:
    add_to_ledger(result(1500, 20.0, status="out-of-memory"), forecast())
    assert read_ledger() == ()


def test_few_cells_correct_without_an_interval() -> None:
    add_to_ledger(result(2000, 20.0), forecast())
    peak = calibrated(forecast(), read_calibration("a CPU")).peak
    assert peak is not None and (peak.value, peak.low, peak.cells) == (pytest.approx(2000), None, 1)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "forecasts.jsonl:2"),
        ('{"at": 1}', "at: must be a valid string"),
        (json.dumps({"peak": -1.0}), "is missing"),
    ],
)
def test_a_damaged_ledger_is_one_error_and_stops_no_run(line: str, problem: str) -> None:
    add_to_ledger(result(1500, 20.0), forecast())
    with ledger_file().open("a") as file:
        file.write(line + "\n")
    with pytest.raises(BenchError) as caught:
        read_ledger()
    assert problem in str(caught.value) and "Delete the file" in str(caught.value)
    assert read_calibration("a CPU").records == ()


def test_a_ledger_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.forecast.ledger._LARGEST", 4000)
    monkeypatch.setattr("harness.forecast.ledger._KEPT", 3)
    for i in range(30):
        add_to_ledger(result(1000 + i, 20.0), forecast())
    records = read_ledger()
    assert len(records) < 12 and records[-1].measured_peak == 1029
    assert all(math.isfinite(record.peak) for record in records)
