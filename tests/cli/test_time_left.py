"""How long a run still takes, from forecasts and from what has been measured."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from report_factory import Made, make_run, summarization
from rich.console import Console

from harness.cli.progress import RunDisplay
from harness.cli.time_left import CellTime, estimate_time_left
from harness.types import CellForecast, ForecastRange


def waiting(forecast: float | None, *, trains: bool = True) -> CellTime:
    return CellTime("waiting", trains, forecast)


def ended(spent: float, forecast: float | None, *, trains: bool = True) -> CellTime:
    return CellTime("ended", trains, forecast, spent)


def running(spent: float, forecast: float | None, phase_left: float | None = None) -> CellTime:
    return CellTime("running", True, forecast, spent, phase_left)


@pytest.mark.parametrize(
    ("cells", "at_once", "left"),
    [
        ([waiting(100), waiting(50)], 1, 150),
        ([ended(200, 100), waiting(100), waiting(50)], 1, 300),  # this machine takes twice the forecast
        ([ended(1, 100, trains=False), waiting(100)], 1, 100),  # a cell that trains nothing is no measure of one that does
        ([ended(40, None), ended(60, None), waiting(None)], 1, 50),
        ([ended(40, None, trains=False), waiting(None)], 1, None),
        ([CellTime("ended", True, 100, None), waiting(100)], 1, 100),  # it was reused from another run
        ([running(30, 100), waiting(100)], 1, 170),
        ([running(150, 100, phase_left=20), waiting(100)], 1, 120),  # longer than expected: only its phase is known
        ([running(150, 100)], 1, 0),
        ([running(30, None, phase_left=90), waiting(10)], 1, 100),
        ([waiting(100), waiting(100), waiting(100), waiting(100)], 2, 200),
        ([waiting(100), waiting(10)], 2, 100),  # the longest cell takes as long as it takes
        ([ended(10, 10)], 4, 0),
        ([], 1, 0),
    ],
)
def test_the_time_left_follows_forecasts_and_measurements(cells: list[CellTime], at_once: int, left: float | None) -> None:
    assert estimate_time_left(cells, at_once) == (None if left is None else pytest.approx(left))


def test_lines_tell_how_far_the_run_is(tmp_path: Path) -> None:
    """Two of four cells of a run are there; a third one trains and ends."""
    cells = [Made("base", 0.4), Made("lora", 0.9, 1), Made("lora", 0.9, 2), Made("lora", 0.9, 3, status="interrupted")]
    run = make_run(tmp_path / "run", [summarization(cells, rows=30)])
    screen = io.StringIO()
    display = RunDisplay(Console(file=screen, highlight=False, emoji=False))
    display.started(run.folder, resumed=True)
    third, fourth = (cell.id for cell in run.cells[2:])
    display.event({"event": "start", "cell": third})
    display.event({"event": "start", "cell": fourth})
    display.event({"event": "phase", "cell": fourth, "phase": "train"})
    step = {"event": "progress", "cell": fourth, "done": 1, "total": 10, "unit": "steps", "loss": 1.5, "tokens_per_second": 1234.5}
    display._lines[fourth].last_line = -1000.0
    display.event(step)
    display.event({"event": "exit", "cell": third})
    shown = screen.getvalue()
    assert "train 1/10 steps, loss 1.500, 1,234 tokens/s, 0 s left" in shown
    assert "3 of 4 cells finished, about 0 s left" in shown


@pytest.mark.parametrize(("device", "said"), [("cuda", "40 min 00 s, 2 cells at a time"), ("cpu", "1 h 20 min")])
def test_the_forecast_counts_cells_that_have_gpus_of_their_own_once(tmp_path: Path, device: str, said: str) -> None:
    cells = [Made("lora", 0.9, seed, status="interrupted") for seed in range(4)]
    run = make_run(tmp_path / "run", [summarization(cells, rows=30)], device=device)
    plan = run.folder.plan()
    takes = CellForecast("a device", None, None, ForecastRange(1100.0), ForecastRange(100.0), None, "USD", None, None)
    run.folder.write_plan(replace(plan, forecasts={cell.id: takes for cell in plan.cells}))
    screen = io.StringIO()
    display = RunDisplay(Console(file=screen, highlight=False, emoji=False))
    display.started(run.folder, resumed=False)
    for cell in plan.cells[:2]:
        display.event({"event": "start", "cell": cell.id})
    display.event({"event": "phase", "cell": plan.cells[0].id, "phase": "load"})
    duration, _, more = said.partition(", ")
    (line,) = [line for line in screen.getvalue().splitlines() if line.startswith("Forecast: ")]
    assert line.startswith(f"Forecast: {duration} on a device{', ' * bool(more)}{more} (")


def test_a_few_shot_prompt_has_a_seed_and_is_no_measure_of_trainings(tmp_path: Path) -> None:
    """It took much longer than its forecast of a moment; the training still takes what was forecast."""
    run = make_run(tmp_path / "run", [summarization([Made("fewshot", 0.4, 0), Made("lora", 0.9, 0, status="interrupted")], rows=30)])
    plan, (prompt, training) = run.folder.plan(), run.cells
    takes = CellForecast("a device", None, None, ForecastRange(600.0), ForecastRange(0.0), None, "USD", None, None)
    moment = replace(takes, training_seconds=ForecastRange(1e-9))
    run.folder.seal_file.unlink()
    run.folder.write_plan(replace(plan, forecasts={prompt.id: moment, training.id: takes}))
    screen = io.StringIO()
    display = RunDisplay(Console(file=screen, highlight=False, emoji=False))
    display.started(run.folder, resumed=True)
    display.event({"event": "start", "cell": prompt.id})
    display.event({"event": "exit", "cell": prompt.id})
    assert "1 of 2 cells finished, about 10 min 00 s left" in screen.getvalue()
