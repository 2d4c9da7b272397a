"""What a user reads about forecasts: the table before a run, its first lines, and forecasts beside measurements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from harness.reporting.wording import numbers
from harness.reporting.wording.names import list_names, list_strategies, strategy_name
from harness.reporting.wording.text_table import TextTable
from harness.results import StrategyResult
from harness.types import FEWEST_CELLS, CellForecast, ForecastRange, MemoryStep, PlannedForecast, SearchForecast

if TYPE_CHECKING:  # reading a run imports no engine, on which forecasts rest
    from harness.forecast import ForecastRecord

TITLE = "Forecast: {model}, {task}"
COLUMNS = ("Strategy", "Device", "Peak memory", "Time", "Cost", "Fits?")
LEDGER_COLUMNS = ("Strategy", "Model", "Memory", "measured", "Training", "measured", "Answers", "measured")
COMPARED_TITLE = "Forecast and measured"
COMPARED_COLUMNS = ("Strategy", "Peak memory, forecast", "measured", "Training, forecast", "measured", "Answers, forecast", "measured")
COMPARED_NOTE = (
    "Computed before the run. Brackets hold what was not known then: when a training stops, and how long outputs become; where earlier "
    "cells on this device corrected a forecast, they hold 90% of such cells, too. Training is the mean of the seeds, with validation."
)
EMPTY_LEDGER = "No forecast has been compared with a run yet. Every cell that `bench run` finishes is added here."
STEPS: dict[MemoryStep, str] = {
    "as-planned": "yes",
    "smaller-micro-batches": "with smaller micro-batches",
    "gradient-checkpointing": "with gradient checkpointing",
    "offloaded-optimizer": "with the optimizer on the CPU",
    "offloaded-weights": "with frozen weights on the CPU",
    "sharded": "on several GPUs",
}
_ASSUMPTIONS = (
    "Time is that of training and of the answers to the test set. It has a range where a training may stop early, and where outputs may be "
    "half as long as the references or reach the limit of the task. Peak memory includes the process and, on a GPU, its context."
)


_SAMPLED = (
    "For this forecast, some test examples were answered by {who}. There, the range only shows how many of the other outputs may reach the "
    "limit."
)


def build_forecast_table(forecasts: Sequence[PlannedForecast]) -> TextTable:
    """The forecasts of one task and model, a row for each strategy and device."""
    rows = tuple(
        (
            strategy_name(planned.strategy),
            each.device,
            describe_memory(each),
            describe_seconds(each),
            numbers.money(each.price, each.currency),
            describe_fit(each),
        )
        for planned in forecasts
        for each in planned.forecasts
    )
    first = forecasts[0]
    return TextTable(TITLE.format(model=first.model, task=first.task), COLUMNS, (False, False, True, True, True, False), rows)


def describe_memory(forecast: CellForecast) -> str:
    """The peak, with its interval where there is one."""
    return numbers.NOTHING if forecast.peak is None else _with_range(forecast.peak, numbers.size)


def describe_seconds(forecast: CellForecast) -> str:
    """The time of training and answering, with its range where there is one."""
    if forecast.peak is None:
        return numbers.NOTHING
    low, high = forecast.seconds_range or (None, None)
    return _with_range(ForecastRange(forecast.seconds, low, high), numbers.seconds)


def describe_fit(forecast: CellForecast) -> str:
    """Whether and how a cell fits its device."""
    if forecast.peak is None:
        return "not known"
    if forecast.available is None:
        return "memory of the device not known"
    if forecast.step is None:
        return f"no: needs {numbers.size(forecast.peak.value)}"
    return f"divided among {forecast.devices} GPUs" if forecast.step == "sharded" else STEPS[forecast.step]


def _with_range(value: ForecastRange, write: Callable[[float | None], str]) -> str:
    if value.low is None or value.high is None:
        return write(value.value)
    return f"{write(value.value)} ({write(value.low)}–{write(value.high)})"


def describe_forecasts(forecasts: Sequence[PlannedForecast]) -> list[str]:
    """What follows from the forecasts of one task and model."""
    sentences = [*_describe_cheapest(forecasts), _ASSUMPTIONS]
    if sampled := [each.strategy for each in forecasts if any(forecast.is_sampled for forecast in each.forecasts)]:
        sentences.append(_SAMPLED.format(who=list_strategies(list(dict.fromkeys(sampled)))))
    every = [each for planned in forecasts for each in planned.forecasts]
    cells = {each.device: _cells(each) for each in every}
    timed = {each.device: any(other.device == each.device and _timed_cells(other) for other in every) for each in every}
    uncalibrated = [device for device, count in cells.items() if not count]
    if uncalibrated:
        where = list_names(uncalibrated)
        sentences.append(
            f"Uncalibrated on {where}: no cell has run there yet. Time may be several times too low, and memory wrong by a factor of two."
        )
    for device, count in cells.items():
        if count:
            held = "; brackets hold 90% of such cells" if count >= FEWEST_CELLS else ""
            what = "Corrected" if timed[device] else "Memory is corrected, and time is not,"
            sentences.append(f"{what} by {numbers.plural(count, 'earlier cell')} on {device}{held}.")
    return sentences


def _cells(forecast: CellForecast) -> int:
    return 0 if forecast.peak is None else forecast.peak.cells


def _timed_cells(forecast: CellForecast) -> int:
    """The earlier cells behind the time of a forecast: of training and answers, the fewer."""
    return min((each.cells for each in (forecast.training_seconds, forecast.answer_seconds) if each.value), default=0)


def _describe_cheapest(forecasts: Sequence[PlannedForecast]) -> list[str]:
    """The cheapest device of each strategy; where none fits, the memory that it takes."""
    sentences = []
    if any(len(planned.forecasts) > 1 for planned in forecasts):
        named = [(planned, planned.cheapest) for planned in forecasts]
        parts = [
            f"{strategy_name(planned.strategy)} on {each.device} ({numbers.money(each.price, each.currency)})"
            for planned, each in named
            if each is not None
        ]
        if parts:
            sentences.append(f"Cheapest device that fits: {'; '.join(parts)}.")
    for planned in forecasts:
        peaks = [each.peak.value for each in planned.forecasts if each.peak is not None]
        if peaks and all(each.fits is False for each in planned.forecasts):
            where = "any of these devices" if len(planned.forecasts) > 1 else planned.forecasts[0].device
            name = strategy_name(planned.strategy)
            sentences.append(f"{name} does not fit {where}: it needs {numbers.size(min(peaks))} for one example at a time.")
    return sentences


def describe_search_forecast(forecast: SearchForecast) -> str:
    """What the search before the grid takes."""
    time = numbers.seconds(forecast.seconds)
    if forecast.trials is None or forecast.trainings is None or forecast.parts is None:
        return f"Before that, the search takes {time} at most: its budget."
    trials = numbers.plural(forecast.trials, "trial")
    cost = f"{trials} of each strategy, as long as {forecast.trainings:.1f} trainings"
    loading = "It loads" if forecast.parts == 1 else f"Its {forecast.parts} parts each load"
    return f"Before that, the search trains for {time} at most: {cost}. {loading} the model besides."


def describe_run_forecast(forecasts: Sequence[CellForecast], at_once: int = 1) -> list[str]:
    """The first lines of a run: how long all of its cells take, and whether they fit.

    Args:
        at_once: how many cells run at the same time, each with a device of its own. Cells that share a CPU take as long as one after the
            other.
    """
    if not forecasts:
        return []
    device = forecasts[0].device
    seconds = _last([each.seconds for each in forecasts], at_once)
    prices = [each.price for each in forecasts]
    known = [price for price in prices if price is not None]
    price = f", {numbers.money(sum(known), forecasts[0].currency)}" if len(known) == len(prices) else ""
    peaks = [each.peak.value for each in forecasts if each.peak is not None]
    memory = f", up to {numbers.size(max(peaks))} of memory" if peaks else ""
    where = device if at_once == 1 else f"{device}, {at_once} cells at a time"
    lines = [f"Forecast: {numbers.seconds(seconds)}{price}{memory} on {where} ({_describe_basis(forecasts, at_once)})"]
    misfits = [each for each in forecasts if each.fits is False]
    if misfits:
        largest = max(each.peak.value for each in misfits if each.peak is not None)
        count = numbers.plural(len(misfits), "cell")
        lines.append(f"warning: {count} may not fit this device: up to {numbers.size(largest)} needed. --dry-run shows which")
    return lines


def _last(seconds: Sequence[float], at_once: int) -> float:
    """When the last of these cells ends: they share the time evenly, but none takes less than its own."""
    return max(sum(seconds) / at_once, *seconds)


def _describe_basis(forecasts: Sequence[CellForecast], at_once: int) -> str:
    """How far the time of all cells together can be trusted, with its range where there is one."""
    calibrated = min(_timed_cells(each) for each in forecasts)
    ranges = [each.seconds_range or (each.seconds, each.seconds) for each in forecasts]
    low, high = (numbers.seconds(_last(ends, at_once)) for ends in zip(*ranges, strict=True))
    if calibrated >= FEWEST_CELLS:
        return f"90% interval {low} to {high}; corrected by {numbers.plural(calibrated, 'earlier cell')}"
    known = f"{low} to {high}, by when trainings stop and how long outputs become; " if low != high else ""
    if calibrated:
        return f"{known}low confidence: corrected by {numbers.plural(calibrated, 'earlier cell')}, too few for an interval"
    return f"{known}uncalibrated: no cell like these has run here yet, so it may be several times too low"


def build_ledger_table(records: Sequence[ForecastRecord], device: str) -> TextTable:
    """The latest cells of one device: forecast and measured."""
    rows = tuple(
        (
            strategy_name(each.strategy),
            each.model,
            numbers.size(each.peak),
            numbers.size(each.measured_peak),
            numbers.seconds(each.training),
            numbers.seconds(each.measured_training),
            numbers.seconds(each.answering),
            numbers.seconds(each.measured_answering),
        )
        for each in records
    )
    return TextTable(device, LEDGER_COLUMNS, (False, False, True, True, True, True, True, True), rows)


def describe_ledger(records: Sequence[ForecastRecord], shown: int) -> list[str]:
    """How well the forecasts of a device fit, over all of its cells."""
    sentences = [f"The latest {shown} of {len(records)} cells."] if shown < len(records) else []
    for name, pairs in (
        ("Memory", [(each.peak, each.measured_peak) for each in records]),
        ("Training time", [(each.training, each.measured_training) for each in records]),
        ("Answering time", [(each.answering, each.measured_answering) for each in records]),
    ):
        errors = sorted(abs(measured / expected - 1) for expected, measured in pairs if measured and expected)
        if errors:
            median = errors[len(errors) // 2]
            sentences.append(f"{name}: half of the forecasts were within {numbers.share(median)} of what was measured.")
    return sentences


def compare_with_forecasts(results: Sequence[StrategyResult]) -> TextTable | None:
    """What was forecast of each strategy beside what its cells took; None where nothing was forecast."""
    rows = tuple(row for result in results if result.timed and (row := _compare(result)) is not None)
    numeric = (False, *[True] * (len(COMPARED_COLUMNS) - 1))
    return TextTable(COMPARED_TITLE, COMPARED_COLUMNS, numeric, rows, COMPARED_NOTE) if rows else None


def _compare(result: StrategyResult) -> tuple[str, ...] | None:
    forecasts = result.run.plan.forecasts
    forecast = next((forecasts[cell.id] for cell in result.cells if cell.id in forecasts), None)
    costs = result.costs
    if forecast is None or costs is None or result.trained_together:
        return None
    return (
        strategy_name(result.label),
        describe_memory(forecast),
        numbers.size(costs.peak_allocated),
        _with_range(forecast.training_seconds, numbers.seconds),
        numbers.seconds(costs.training_seconds),
        _with_range(forecast.answer_seconds, numbers.seconds),
        numbers.seconds(costs.phases.get("predict")),
    )
