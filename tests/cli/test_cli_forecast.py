"""What a user sees of forecasts: `bench plan --device`, `bench run --dry-run`, the first lines of a run, `bench forecast`."""

from __future__ import annotations

import json

import pytest

from harness.engine.models import TINY
from harness.forecast import read_ledger
from harness.forecast.cell_planning import CellWork
from harness.forecast.trial_budget import AffordableTrials
from harness.forecast.trials import trial_cache
from harness.forecast.trials.answering_trials import AnsweringTrial
from harness.forecast.trials.cpu_pace import CpuPace, note_pace
from harness.forecast.trials.training_trials import TrainingTrial

PLAN = ("plan", "--task", "summarization", "--limit", "20", "--strategies", "lora")


def test_devices_of_the_table_with_the_cheapest(call):
    out = call(*PLAN, "--device", "rtx-4090,a100-80gb").out
    assert "Forecast: tiny, summarization" in out
    rows = [line.split() for line in out.splitlines() if line.startswith(("LoRA", "Untuned"))]
    assert [row[-1] for row in rows] == ["yes"] * 4 and "rtx-4090" in rows[0] + rows[1]
    assert "Cheapest device that fits: Untuned model on rtx-4090" in out
    assert "Uncalibrated on rtx-4090 and a100-80gb: no cell has run there yet." in " ".join(out.split())
    assert all(len(line) <= 80 for line in out[out.index("Forecast: ") :].splitlines())


def test_a_config_alone_and_a_model_that_fits_no_device(call, here):
    """The tiny model's configuration with the sizes of a model of 3.3 billion parameters; there are no weights and no tokenizer."""
    config = json.loads((TINY / "config.json").read_text())
    config |= {
        "hidden_size": 2560,
        "intermediate_size": 6912,
        "num_hidden_layers": 40,
        "num_attention_heads": 40,
        "num_key_value_heads": 40,
    }
    (here / "large").mkdir()
    (here / "large" / "config.json").write_text(json.dumps(config))
    arguments = ("plan", "--task", "summarization", "--limit", "20", "--strategies", "full", "--model", "./large", "--device", "rtx-4090")
    forecasts = json.loads(call(*arguments, "--format", "json").out)["forecasts"]
    base, full = ({**each, **each["devices"][0]} for each in forecasts)
    assert (base["strategy"], base["fits"], base["cheapest_device"]) == ("base", True, "rtx-4090")
    assert (full["strategy"], full["fits"], full["step"], full["cheapest_device"]) == ("full", False, None, None)
    assert full["peak"]["value"] > 4 * base["memory"]["weights"], "weights in float32, and gradients"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*PLAN, "--device", "rtx4090"), "Did you mean 'rtx-4090'"),
        (("plan", "--task", "summarization", "--device", "h100"), "name them with --strategies"),
        ((*PLAN, "--model", "./nowhere"), "there is no model './nowhere'"),
        (("run", "--task", "summarization", "--strategies", "loar", "--dry-run"), "Did you mean 'lora'"),
        (("run", "--resume", "latest", "--dry-run"), "repeat the options of the run"),
    ],
)
def test_bad_input_is_one_clear_error(call, arguments, message):
    ended = call(*arguments)
    assert (ended.code, ended.out) == (2, "") and message in ended.err


def test_a_dry_run_shows_every_cell_and_writes_nothing(call, here):
    ended = call("run", "--task", "summarization", "--limit", "20", "--strategies", "lora", "--seeds", "2", "--tune", "--dry-run")
    assert "\nBefore that, the search trains for " in ended.out and "5 trials of each strategy, as long as 3.5 trainings." in ended.out
    assert "Its 7 parts each load the model besides.\n" in ended.out, "two of five trials have a second part"
    assert ended.code == 0 and not (here / "runs").exists()
    assert sum(line.startswith("LoRA") for line in ended.out.splitlines()) == 2, "one row for each seed"
    assert "no cell has run there yet" in " ".join(ended.out.split())
    assert ended.out.splitlines()[-1].startswith("Disk space: about ") and "trials of the search, " in ended.out.splitlines()[-1]


def test_a_run_begins_with_its_forecast_and_fills_the_ledger(call, here):
    assert call("forecast").out.startswith("No forecast has been compared with a run yet.")
    ended = call("run", "--task", "classification", "--limit", "20", "--strategies", "base")
    assert "Forecast: " in ended.err and "uncalibrated: no cell like these has run here yet" in ended.err
    (cell,) = json.loads(call("forecast", "--format", "json").out)["cells"]
    assert (cell["strategy"], cell["model"], cell["task"]) == ("base", "tiny", "classification")
    assert cell["measured_peak"] > 0 and cell["measured_answering"] > 0
    again = call("run", "--task", "classification", "--limit", "20", "--strategies", "base", "--new")
    assert "reused from" in again.err and "Forecast: " not in again.err, "a cell that is reused takes nothing"
    out = " ".join(call("forecast").out.split())
    assert "Untuned model tiny" in out and "Memory: half of the forecasts were within" in out


def test_a_short_run_tries_no_step_and_one_after_a_dry_run_takes_its_trials(call, here, monkeypatch):
    file = here / "own-trials.jsonl"
    monkeypatch.setattr(trial_cache, "trial_file", lambda: file)
    monkeypatch.setattr("harness.forecast.trial_budget._ALWAYS_TRIED", 0.0)  # as for a larger model
    run = ("run", "--task", "classification", "--limit", "20", "--strategies", "base")
    assert call(*run).code == 0 and not file.exists()
    assert call(*run, "--dry-run").code == 0 and file.exists()
    assert call(*run, "--new", "--no-reuse").code == 0
    assert [record.is_tried for record in read_ledger()] == [False, True]


@pytest.mark.parametrize("pays", ["nothing", "trials", "samples"])
def test_a_run_makes_the_trials_and_samples_that_pay_and_a_dry_run_makes_all(call, here, monkeypatch, pays):
    made = []
    forecast = CellWork.forecast

    def note(self, target, *, new_trials, new_samples):
        made.append((new_trials, new_samples))
        return forecast(self, target, new_trials=False, new_samples=False)

    monkeypatch.setattr(CellWork, "forecast", note)
    monkeypatch.setattr(
        "harness.grid.planning.forecasts.choose_trials",
        lambda cells, _: AffordableTrials(pays != "nothing", frozenset(cells if pays == "samples" else ())),
    )
    run = ("run", "--task", "summarization", "--limit", "4", "--strategies", "base")
    call(*run, "--dry-run")
    call(*run)
    assert made == [(True, True), (pays != "nothing", pays == "samples")]


@pytest.mark.parametrize("command", [("plan", "--model", "tiny"), ("run", "--dry-run")], ids=["plan", "dry-run"])
def test_a_trial_with_a_slow_cpu_is_made_once_more(call, here, monkeypatch, command):
    monkeypatch.setattr(trial_cache, "trial_file", lambda: here / "own-trials.jsonl")
    paces = [2.0, 1.0, 1.0]

    def try_answering(*_):
        pace = paces.pop(0)
        monkeypatch.setattr("harness.forecast.trials.cpu_pace.measure_pace", lambda: CpuPace(pace, pace, pace))
        note_pace("cpu")
        return AnsweringTrial(0.0, 0.01 * pace, 0.0, 0.0)

    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 0.0)
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", lambda *_, compiles: TrainingTrial(0.001, 0.0, 0.0))
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", try_answering)
    assert call(*command, "--task", "classification", "--limit", "20", "--strategies", "base,lora").code == 0
    assert paces == [], "of two trials, the first one was made again"
