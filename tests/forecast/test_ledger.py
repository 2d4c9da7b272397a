"""What finished cells took beside their forecast, in the user's cache."""

from __future__ import annotations

import json
import math

import pytest

from harness.cache import cache_folder, use_cache_folder
from harness.errors import BenchError
from harness.forecast import add_to_ledger, ledger_file, read_calibration, read_ledger
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


def test_cells_that_did_not_finish_are_left_out() -> None:
    add_to_ledger(result(1500, 20.0, status="out-of-memory"), forecast())
    assert read_ledger() == ()


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
