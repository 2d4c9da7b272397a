"""What users read about forecasts."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from harness.forecast import ForecastRecord
from harness.reporting.wording import forecast_sentences
from harness.types import CellForecast, ForecastRange, MemoryParts, PlannedForecast

GIB = 2**30
PARTS = MemoryParts(5 * GIB, 0, 1 * GIB, 1 * GIB, 2 * GIB, 3 * GIB, GIB)
SMALL = CellForecast(
    "rtx-4090", PARTS, ForecastRange(13.0 * GIB), ForecastRange(60.0), ForecastRange(5.0), 0.02, "USD", 24 * GIB, "gradient-checkpointing"
)
LARGE = replace(SMALL, device="h100", price=0.05, available=79 * GIB, step="as-planned")


def planned(*forecasts: CellForecast, strategy: str = "lora") -> PlannedForecast:
    return PlannedForecast("visits", "tiny", strategy, 100, forecasts)


def test_each_device_is_a_row_with_the_step_that_fits() -> None:
    table = forecast_sentences.build_forecast_table([planned(SMALL, LARGE)])
    assert table.rows == (
        ("LoRA", "rtx-4090", "13.0 GiB", "1 min 05 s", "$0.0200", "with gradient checkpointing"),
        ("LoRA", "h100", "13.0 GiB", "1 min 05 s", "$0.0500", "yes"),
    )


def test_the_cheapest_device_is_one_that_fits() -> None:
    misfit = replace(SMALL, step=None)
    first, *_ = forecast_sentences.describe_forecasts([planned(misfit, LARGE)])
    assert first == "Cheapest device that fits: LoRA on h100 ($0.0500)."


def test_a_strategy_that_fits_nowhere_says_what_it_needs() -> None:
    sentences = forecast_sentences.describe_forecasts([planned(replace(SMALL, step=None), strategy="full")])
    assert not any("some test examples" in sentence for sentence in sentences)
    sampled = [planned(replace(SMALL, is_sampled=True), strategy=name) for name in ("base", "base", "fewshot")]
    (sentence,) = [each for each in forecast_sentences.describe_forecasts(sampled) if "some test examples" in each]
    assert sentence.startswith("For this forecast, some test examples were answered by the untuned model and the few-shot prompt. There,")
    assert sentences[0] == "Full fine-tuning does not fit rtx-4090: it needs 13.0 GiB for one example at a time."
    assert forecast_sentences.describe_fit(replace(SMALL, step=None)) == "no: needs 13.0 GiB"


def test_corrected_forecasts_have_intervals_and_say_what_they_rest_on() -> None:
    corrected = replace(SMALL, peak=ForecastRange(14.0 * GIB, 12.0 * GIB, 16.0 * GIB, 7, 13.0 * GIB))
    assert forecast_sentences.describe_memory(corrected) == "14.0 GiB (12.0 GiB–16.0 GiB)"
    sentences = forecast_sentences.describe_forecasts([planned(corrected)])
    assert sentences[-1] == "Memory is corrected, and time is not, by 7 earlier cells on rtx-4090; brackets hold 90% of such cells."
    timed = replace(
        corrected, training_seconds=ForecastRange(60.0, 50.0, 70.0, 7, 55.0), answer_seconds=ForecastRange(9.0, 8.0, 10.0, 7, 9.5)
    )
    for several in ([planned(timed)], [planned(corrected, strategy="base"), planned(timed)]):
        sentences = forecast_sentences.describe_forecasts(several)
        assert sentences[-1] == "Corrected by 7 earlier cells on rtx-4090; brackets hold 90% of such cells."


def test_first_lines_of_a_run_add_up_its_cells() -> None:
    lines = forecast_sentences.describe_run_forecast([SMALL, replace(SMALL, step=None, peak=ForecastRange(30.0 * GIB))])
    assert lines == [
        "Forecast: 2 min 10 s, $0.0400, up to 30.0 GiB of memory on rtx-4090 (uncalibrated: no cell like these has run here "
        "yet, so it may be several times too low)",
        "warning: 1 cell may not fit this device: up to 30.0 GiB needed. --dry-run shows which",
    ]


def test_cells_with_devices_of_their_own_share_the_time() -> None:
    """Four cells of 1 min 05 s; then one that alone takes longer than its share."""
    (line,) = forecast_sentences.describe_run_forecast([SMALL] * 4, 2)
    assert line.startswith("Forecast: 2 min 10 s, $0.0800, up to 13.0 GiB of memory on rtx-4090, 2 cells at a time (")
    long = replace(SMALL, training_seconds=ForecastRange(600.0))
    (line,) = forecast_sentences.describe_run_forecast([SMALL, long], 8)
    assert line.startswith("Forecast: 10 min 05 s")


def test_first_lines_of_a_run_show_how_wrong_the_time_may_be() -> None:
    answers = replace(SMALL.answer_seconds, low=1.0, high=60.0)
    untried = replace(SMALL, answer_seconds=answers)
    assert forecast_sentences.describe_seconds(untried) == "1 min 05 s (1 min 01 s–2 min 00 s)"
    (line,) = forecast_sentences.describe_run_forecast([untried, SMALL])
    assert (
        "(2 min 06 s to 3 min 05 s, by when trainings stop and how long outputs become; uncalibrated: no cell like these has run here"
        in line
    )
    few = replace(SMALL, training_seconds=ForecastRange(60.0, cells=2), answer_seconds=ForecastRange(5.0, cells=9))
    (line,) = forecast_sentences.describe_run_forecast([few, few])
    assert "(low confidence: corrected by 2 earlier cells, too few for an interval)" in line
    peak = ForecastRange(14.0 * GIB, None, None, 200, 13.0 * GIB)
    training, answers = replace(SMALL.training_seconds, low=29.0, high=540.0, cells=7), replace(answers, cells=7)
    enough = replace(SMALL, peak=peak, training_seconds=training, answer_seconds=answers)
    (line,) = forecast_sentences.describe_run_forecast([enough, enough])
    assert "(90% interval 1 min 00 s to 20 min 00 s; corrected by 7 earlier cells)" in line


def test_a_model_that_cannot_be_watched_is_not_known() -> None:
    unknown = replace(SMALL, memory=None, peak=None, price=None, step=None)
    table = forecast_sentences.build_forecast_table([planned(unknown)])
    assert table.rows == (("LoRA", "rtx-4090", "–", "–", "–", "not known"),)
    assert planned(unknown).cheapest is None


def test_the_ledger_says_how_well_forecasts_fit() -> None:
    record = ForecastRecord("2026-11-28", "a CPU", "visits", "tiny", "lora", 1000.0, 10.0, 1.0, 1100.0, 15.0, None)
    assert forecast_sentences.describe_ledger([record], 1) == [
        "Memory: half of the forecasts were within 10% of what was measured.",
        "Training time: half of the forecasts were within 50% of what was measured.",
    ]


def test_the_report_compares_forecast_and_measurement_of_each_strategy() -> None:
    def result(label: str, cell: str, *, together: bool = False) -> Any:
        costs = SimpleNamespace(peak_allocated=12 * GIB, training_seconds=70.0, phases={"predict": 6.0})
        plan = SimpleNamespace(forecasts={"a": SMALL})
        cells = [SimpleNamespace(id=cell)]
        return SimpleNamespace(label=label, cells=cells, costs=costs, timed=True, trained_together=together, run=SimpleNamespace(plan=plan))

    table = forecast_sentences.compare_with_forecasts([result("lora", "a"), result("external", "b")])
    assert table is not None
    assert table.rows == (("LoRA", "13.0 GiB", "12.0 GiB", "1 min 00 s", "1 min 10 s", "5.00 s", "6.00 s"),)
    assert forecast_sentences.compare_with_forecasts([result("external", "b")]) is None
    assert forecast_sentences.compare_with_forecasts([result("lora", "a", together=True)]) is None, "it did not train alone"
