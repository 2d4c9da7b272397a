"""Trials during which the CPU was slower than during others are made once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from harness.api.catalogs import open_catalog
from harness.engine.models import Device, resolve_model
from harness.forecast import repeat_slow_trials, target_of_machine, trial_file
from harness.forecast.cell_planning import CellWork
from harness.forecast.output_lengths import OutputSample
from harness.forecast.trials.answering_trials import AnsweringTrial
from harness.forecast.trials.cpu_pace import CpuPace, TrialValues, measure_pace, note_pace, watched_paces
from harness.forecast.trials.training_trials import TrainingTrial
from harness.forecast.trials.trial_cache import cached_trial
from harness.measure import Price
from harness.types import DataReport, Example, Splits, Strategy
from tests.forecast.trial_strategies import LORA

pytestmark = pytest.mark.usefixtures("own_cache")
Paces = dict[str, list[float]]


def measured_at(times: float) -> TrialValues:
    """What a trial measures while everything takes so many times as long."""
    watched = watched_paces()
    assert watched is not None
    watched.note(CpuPace(times, times, times))
    return times, times


def trials(paces: Paces) -> tuple[Callable[[], dict[str, TrialValues]], list[str]]:
    """A forecast that makes a trial of each name, and the names of those that were made. Each time, a trial has the next pace of its name:
    how many times as long everything takes, which is also what it measures."""
    made: list[str] = []

    def run(name: str) -> TrialValues:
        times = paces[name][made.count(name)]
        made.append(name)
        return measured_at(times)

    return lambda: {name: cached_trial([name], partial(run, name)) for name in paces}, made


@pytest.mark.parametrize(
    ("paces", "made", "values"),
    [
        ({"a": [1.0], "b": [1.2], "c": [1.1]}, "abc", [1.0, 1.2, 1.1]),
        ({"a": [1.0], "b": [1.6, 1.1], "c": [1.1]}, "abcb", [1.0, 1.1, 1.1]),
        ({"a": [1.0], "b": [1.6, 1.9], "c": [1.1]}, "abcb", [1.0, 1.6, 1.1]),
        ({"a": [2.0, 1.0], "b": [1.0], "c": [2.0, 1.8]}, "abcac", [1.0, 1.0, 1.8]),
        ({"a": [3.0]}, "a", [3.0]),
        ({}, "", []),
    ],
    ids=["steady", "one slow", "slow again", "still slow, and not made a third time", "nothing to compare with", "none"],
)
def test_a_trial_with_a_slow_cpu_is_made_once_more(paces: Paces, made: str, values: list[float]) -> None:
    forecast, names = trials(paces)
    forecasts = repeat_slow_trials(forecast)
    assert "".join(names) == made and [each[0] for each in forecasts.values()] == values
    assert repeat_slow_trials(forecast) == forecasts and "".join(names) == made, "the better measurement is kept for a day"


def test_a_machine_that_is_slower_in_one_way_is_slower_on_average() -> None:
    """As one whose memory is used by others: its products take no longer."""
    usual = CpuPace(2.0, 1.0, 0.5)
    assert CpuPace(2.0, 2.5, 0.5).times_slower(usual) == pytest.approx(1.5)
    assert usual.times_slower(usual) == 1 and CpuPace(2.0, 0.0, 0.5).times_slower(CpuPace(2.0, 0.0, 0.5)) < 1, "a clock of coarse steps"


def test_trials_within_a_slow_trial_are_made_again_with_it() -> None:
    """As that of the first small cell of a kind, from which the ratio of the others follows."""
    paces = [2.0, 1.0]

    def forecast() -> TrialValues:
        cached_trial(["other"], lambda: measured_at(1.0))
        return cached_trial(["ratio"], lambda: (10 * cached_trial(["own"], lambda: measured_at(paces.pop(0)))[0], 1.0))

    assert repeat_slow_trials(forecast) == (10.0, 1.0) and not paces, "its own trial was made twice"


def test_long_trials_are_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    forecast, made = trials({"a": [1.0], "b": [2.0, 1.0]})
    now = [0.0]

    def tick() -> float:
        now[0] += 3.0 if made and made[-1] == "b" else 1.0
        return now[0]

    monkeypatch.setattr("harness.forecast.trials.cpu_pace.time.perf_counter", tick)
    assert repeat_slow_trials(forecast)["b"][0] == 1.0
    assert made == ["a", "b", "b"], "three seconds"
    trial_file().unlink()
    monkeypatch.setattr("harness.forecast.trials.cpu_pace._LONGEST_REPEATED", 2.0)
    made.clear()
    assert repeat_slow_trials(forecast)["b"][0] == 2.0
    assert made == ["a", "b"], "it takes too long"


def test_a_trial_that_fails_when_it_is_made_again_keeps_what_it_measured() -> None:
    forecast, made = trials({"a": [1.0], "b": [2.0]})  # there is no second pace of b
    assert repeat_slow_trials(forecast) == {"a": (1.0, 1.0), "b": (2.0, 2.0)}
    assert made == ["a", "b"]


def test_what_only_a_first_run_can_measure_is_kept() -> None:
    """As the preparation of kernels, which are there when the trial is made again."""
    measured = {"a": [(1.0, 1.0)], "b": [(2.0, 0.5), (1.0, 0.0)]}

    def run(name: str) -> TrialValues:
        values = measured[name].pop(0)
        measured_at(values[0])
        return values

    assert repeat_slow_trials(lambda: [cached_trial([name], partial(run, name), only_first=(1,)) for name in ("a", "b")]) == [
        (1.0, 1.0),
        (1.0, 0.5),
    ]


def test_samples_of_outputs_are_not_written_again() -> None:
    """Their lengths do not depend on the CPU."""
    forecast, made = trials({"a": [1.0], "b": [2.0, 1.0]})
    written: list[int] = []

    def with_sample() -> None:
        cached_trial(["outputs"], lambda: (float(bool(written.append(1))), *forecast()["b"]), is_timed=False)
        forecast()

    repeat_slow_trials(with_sample)
    assert len(written) == 1 and made == ["a", "b", "b"]


def work(strategy: Strategy) -> CellWork:
    task = open_catalog((), ()).task("summarization").value
    examples = tuple(Example(id=str(i), inputs={"input": "word " * 40}, targets=("word " * 10,)) for i in range(40))
    splits = Splits(examples, examples[:8], examples[:16], DataReport("made", {}, {}), "digest")
    return CellWork(task, strategy, splits, resolve_model("tiny"), 40)


def test_the_trial_of_a_small_untuned_cell_is_made_again_with_a_ratio_of_others_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answers were tried for the sample, while everything took twice as long. LoRA's give the ratio of other small cells."""
    times = [2.0, 1.0, 1.0]

    def try_answering(*_: object) -> AnsweringTrial:
        pace = times.pop(0)
        monkeypatch.setattr("harness.forecast.trials.cpu_pace.measure_pace", lambda: CpuPace(pace, pace, pace))
        note_pace("cpu")
        return AnsweringTrial(0.0, 0.0, 0.0, 0.01 * pace)

    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 1e9)
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", lambda *_, compiles: TrainingTrial(0.001, 0.0, 0.0))
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", try_answering)
    monkeypatch.setattr("harness.forecast.cell_trials.sample_outputs", lambda *_: OutputSample(8.0, 0.0, 1.0))
    base, lora = work(Strategy(name="b", method="prompt")), work(LORA)
    here = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", ""))
    of_base, of_lora = repeat_slow_trials(lambda: [each.forecast(here) for each in (base, lora)])
    assert not times, "three trials: that of the sample, that of the ratio, and the first one again"
    sampled = replace(base._count(here).answering, sample=OutputSample(8.0, 0.0, 1.0))
    assert sampled.outputs is not None
    assert of_base.answer_seconds.value == pytest.approx(0.1 + 0.01 * sampled.outputs.likely.row_steps), "0.1 s are what answers take once"
    assert of_lora.answer_seconds.value == pytest.approx(0.01 * lora._count(here).answering.outputs.likely.row_steps)


@pytest.mark.parametrize("is_small", [False, True])
def test_the_forecast_of_a_cell_rests_on_the_trial_with_the_faster_cpu(monkeypatch: pytest.MonkeyPatch, *, is_small: bool) -> None:
    """Its training was tried while everything took twice as long. A small cell without a trial of its own has the ratio of this one."""
    slow, tried = [True], list[str]()

    def try_training(outline: object, *_: object, compiles: bool) -> TrainingTrial:
        times = 2.0 if slow else 1.0
        slow.clear()
        tried.append("training")
        monkeypatch.setattr("harness.forecast.trials.cpu_pace.measure_pace", lambda: CpuPace(times, times, times))
        note_pace("cpu")
        return TrainingTrial(0.001 * times, 0.0, 0.0)

    def try_answering(*_: object) -> AnsweringTrial:
        tried.append("answers")
        monkeypatch.setattr("harness.forecast.trials.cpu_pace.measure_pace", lambda: CpuPace(1.0, 1.0, 1.0))
        note_pace("cpu")
        return AnsweringTrial(0.0, 0.0, 0.0, 0.01)

    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 1e9 if is_small else 0.0)
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", try_training)
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", try_answering)
    cell, here = work(LORA), target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", ""))
    disturbed = cell.forecast(here).training_seconds.value
    assert tried == ["training", "answers"]
    trial_file().unlink()
    slow.append(True)
    tried.clear()
    undisturbed = repeat_slow_trials(lambda: cell.forecast(here)).training_seconds.value
    assert tried == ["training", "answers", "training"] and undisturbed == pytest.approx(disturbed / 2, rel=0.05)
    assert cell.forecast(here).training_seconds.value == pytest.approx(undisturbed), "it is in the cache"
    if is_small:
        other = work(LORA.model_copy(update={"adapter": {**(LORA.adapter or {}), "r": 8}}))
        assert other.forecast(here).training_seconds.value == pytest.approx(undisturbed, rel=0.1)


def test_only_a_cpu_has_a_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []
    monkeypatch.setattr("harness.forecast.trials.cpu_pace.measure_pace", lambda: measured.append(1) or CpuPace(1.0, 1.0, 1.0))

    def forecast() -> None:
        note_pace("cuda")
        assert not measured
        note_pace("cpu")

    repeat_slow_trials(forecast)
    note_pace("cpu")
    assert len(measured) == 1, "nothing is measured where no forecast is made"
    monkeypatch.undo()
    assert all(0 < each < 60 for each in measure_pace())
