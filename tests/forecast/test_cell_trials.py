"""The time of a cell from trials: which of its steps are tried, which cells share a trial, and how long one counts."""

from __future__ import annotations

import json
import time

import pytest

from harness.api.catalogs import open_catalog
from harness.engine.models import Device, ModelSource, resolve_model
from harness.forecast import choose_trials, target_of_machine, target_of_table, trial_file
from harness.forecast.cell_planning import CellWork
from harness.forecast.device_speeds import DeviceSpeeds
from harness.forecast.model_outline import ModelOutline
from harness.forecast.trials.answering_trials import AnsweringTrial
from harness.forecast.trials.training_trials import TrainingTrial
from harness.forecast.trials.trial_cache import cached_trial
from harness.measure import Price, get_devices
from harness.types import DataReport, Example, Splits, Strategy, TrainSpec
from tests.forecast.trial_strategies import ADAPTER, FULL, LORA, QLORA

pytestmark = pytest.mark.usefixtures("own_cache")


@pytest.fixture(autouse=True)
def with_amx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.forecast.cell_trials.has_amx", lambda: True)


@pytest.fixture(scope="module")
def tiny() -> ModelSource:
    return resolve_model("tiny")


def work(tiny: ModelSource, strategy: Strategy = LORA, *, words: int = 40) -> CellWork:
    task = open_catalog((), ()).task("summarization").value
    examples = tuple(Example(id=str(i), inputs={"input": "word " * words}, targets=("word " * 10,)) for i in range(40))
    return CellWork(task, strategy, Splits(examples, examples[:8], examples[:16], DataReport("made", {}, {}), "digest"), tiny, 40)


def test_the_last_batch_of_an_epoch_counts_with_what_is_left(tiny: ModelSource) -> None:
    """Nine examples in batches of eight are two steps of nine examples, not of sixteen."""
    here, all_of_them = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", "")), work(tiny)
    few = CellWork(all_of_them.task, LORA, all_of_them.splits, tiny, 9)
    assert few._measure(here, None).tokens == pytest.approx(all_of_them._measure(here, None).tokens * 9 / 40)


def test_a_forecast_for_this_machine_is_made_of_its_trials(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 0.0)
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", lambda *_, compiles: TrainingTrial(1.0, 0.0, 0.0))
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", lambda *_: AnsweringTrial(0.0, 0.0, 0.0, 1.0))
    cell, here = work(tiny), target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", ""))
    forecast = cell.forecast(here)
    training, answers = forecast.training_seconds, forecast.answer_seconds
    per_example = (training.value - 0.4) / (3 * 40)
    assert per_example == pytest.approx(round(per_example)) and per_example > 40, "a second for each token of three epochs"
    assert training.low == pytest.approx(0.4 + (training.value - 0.4) * 12 / 15) and training.high == training.value, (
        "it may stop after the fifth of six validations, which is step 12 of 15"
    )
    limit = cell.task.decode.max_new_tokens
    assert answers.low is not None and answers.low % 16 == 0 and answers.low >= 5 * 16, "a second for each token of 16 answers"
    assert answers.high == 16 * limit and answers.low < answers.value < answers.high
    patient = work(tiny, LORA.model_copy(update={"train": TrainSpec(patience=None)}))
    assert patient._measure(here, None).earliest_stop == 1, "it never stops early"

    def fail(*_: object, compiles: bool) -> TrainingTrial:
        raise RuntimeError("this family cannot be tried")

    elsewhere = cell.forecast(target_of_table(get_devices(["h100"])[0]))
    assert 0 < elsewhere.training_seconds.value < 60, "no trial stands for another device"
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", fail)
    trial_file().unlink()
    assert 0 < cell.forecast(here).training_seconds.value < 60, "the count of operations remains"


def test_variants_of_a_recipe_share_a_trial_and_a_fine_tuned_model_answers_as_the_untuned_one(
    tiny: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 0.0)
    monkeypatch.setattr(
        "harness.forecast.cell_trials.try_training", lambda *_, compiles: tried.append("training") or TrainingTrial(1.0, 0.0, 0.0)
    )
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", lambda *_: tried.append("answers") or AnsweringTrial(0, 0, 0, 1.0))
    here = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", ""))

    def count_trials(strategy: Strategy) -> list[str]:
        tried.clear()
        work(tiny, strategy).forecast(here)
        return list(tried)

    assert count_trials(LORA) == ["training", "answers"]
    faster = LORA.model_copy(update={"train": TrainSpec(learning_rate=1e-3, epochs=2, schedule="linear", warmup=0.1, weight_decay=0.1)})
    assert count_trials(faster) == []
    assert count_trials(LORA.model_copy(update={"train": TrainSpec(optimizer="adafactor")})) == ["training"]
    assert count_trials(LORA.model_copy(update={"adapter": ADAPTER | {"r": 16}})) == ["training", "answers"]
    assert count_trials(Strategy(name="b", method="prompt")) == ["answers"]
    assert count_trials(FULL) == ["training"], "it answers as the untuned model does"


def test_a_shape_takes_longer_the_first_time(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """All examples have one length here, so that all micro-batches have one shape, also those of the validation."""
    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 0.0)
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", lambda *_, compiles: TrainingTrial(0.0, 0.0, 0.0, 5.0))
    here = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", ""))
    assert work(tiny).forecast(here).training_seconds.value == 0.4 + 5.0, "0.4 s are what a training takes once"
    monkeypatch.setattr("harness.forecast.cell_trials.has_amx", lambda: False)
    assert work(tiny).forecast(here).training_seconds.value == 0.15 + 5.0, "less without AMX"


def test_the_first_small_cell_is_tried_and_the_counts_of_others_are_multiplied_by_its_ratio(
    tiny: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def try_training(outline: ModelOutline, *_: object, compiles: bool) -> TrainingTrial:
        tried.append(outline.strategy.method)
        return TrainingTrial(0.01, 0.0, 0.0)

    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 1e9)
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", try_training)
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", lambda *_: AnsweringTrial(0.0, 0.0, 0.0, 1.0))
    here = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", ""))
    other = LORA.model_copy(update={"train": TrainSpec(epochs=1), "adapter": ADAPTER | {"r": 16}})
    first, second = work(tiny).forecast(here), work(tiny, other).forecast(here)
    assert tried == ["peft"], "the second one is not tried"
    assert first.is_tried and second.is_tried, "the ledger does not correct them as it does counts"
    seconds = [cell.training_seconds for cell in (first, second)]
    assert seconds[0].value > 3 * 40 * 0.4, "0.01 s for each token of three epochs"
    assert seconds[1].value == pytest.approx(seconds[0].value / 3, rel=0.2), "a third of the epochs, and the same speed"
    assert seconds[0].low == pytest.approx(seconds[0].value * 12 / 15, rel=0.05)
    work(tiny, QLORA).forecast(here)
    work(tiny, FULL).forecast(here)
    assert tried == ["peft", "peft", "full"], "weights in 4 bits and full fine-tuning have ratios of their own"
    damaged = [json.loads(line) | {"values": [0.0, 1.0]} for line in trial_file().read_text().splitlines()]
    trial_file().write_text("\n".join(map(json.dumps, damaged)))
    assert 0 < work(tiny, other).forecast(here).training_seconds.value < 10, "the count of operations remains"


def test_small_cells_with_longer_texts_have_ratios_of_their_own(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of few-shot prompts takes as long for each counted operation as one of long prompts, which is less than one of short ones."""
    tried: list[str] = []

    def try_training(*_: object, compiles: bool) -> TrainingTrial:
        tried.append("training")
        return TrainingTrial(0.01, 0.0, 0.0)

    def try_answering(*_: object) -> AnsweringTrial:
        tried.append("answers")
        return AnsweringTrial(0.0, 0.0, 0.0, 1.0)

    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 1e9)
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", try_training)
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", try_answering)
    here, base = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", "")), Strategy(name="base", method="prompt")
    for strategy, words, trials in [
        (LORA, 40, ["training", "answers"]),
        (base, 41, []),
        (LORA, 200, ["training", "answers"]),
        (base, 201, []),
        (base.model_copy(update={"shots": 2}), 40, []),
        (base.model_copy(update={"shots": 12}), 40, ["answers"]),
    ]:
        tried.clear()
        assert work(tiny, strategy, words=words).forecast(here, new_samples=False).is_tried
        assert tried == trials, (strategy.name, strategy.shots, words)


def test_a_cell_that_is_counted_differently_in_a_dry_run_and_in_the_run_has_the_same_trial(
    tiny: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command measures the device anew, so that a cell may be small in one of them, and not in the other, which must not try it."""
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", lambda *_, compiles: TrainingTrial(0.01, 0.0, 0.0))
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", lambda *_: AnsweringTrial(0.0, 0.0, 0.0, 0.05))
    here = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", ""))
    other = LORA.model_copy(update={"train": TrainSpec(epochs=1), "adapter": ADAPTER | {"r": 16}})

    def forecast(limit: float, strategy: Strategy, *, new_trials: bool) -> tuple[float, float, bool]:
        monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", limit)
        cell = work(tiny, strategy).forecast(here, new_trials=new_trials)
        return round(cell.training_seconds.value, 6), round(cell.answer_seconds.value, 6), cell.is_tried

    tried = forecast(1e9, LORA, new_trials=True)
    assert forecast(0.0, LORA, new_trials=False) == tried, "small in the dry run only"
    scaled = forecast(1e9, other, new_trials=True)
    assert scaled[-1] and forecast(0.0, other, new_trials=False) == scaled, "without a trial of its own, it has the ratio of the first"
    own = forecast(0.0, other, new_trials=True)
    assert own != scaled and forecast(1e9, other, new_trials=False) == own, "small in the run only"
    monkeypatch.setattr("harness.forecast.cell_trials._NEARLY_SMALL", 0.0)
    assert not forecast(0.0, LORA.model_copy(update={"adapter": ADAPTER | {"r": 32}}), new_trials=False)[-1], "too long for the ratio"


def test_what_a_training_takes_once_does_not_grow_with_its_count(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first small cell takes as long as counted, and 0.4 s once. One that may not be tried and is counted at several times as much has
    0.4 s once, too."""
    here = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", ""))
    longer = LORA.model_copy(update={"train": TrainSpec(epochs=30), "adapter": ADAPTER | {"r": 16}})
    first, more = (work(tiny, each).forecast(here, new_trials=False).training_seconds.value for each in (LORA, longer))
    per_token = first / work(tiny)._measure(here, None).tokens
    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 1e9)
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", lambda *_, compiles: TrainingTrial(per_token, 0.0, 0.0))
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", lambda *_: AnsweringTrial(0.0, 0.0, 0.0, 0.01))
    assert work(tiny).forecast(here).training_seconds.value == pytest.approx(first + 0.4, rel=0.01)
    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 0.0)
    monkeypatch.setattr("harness.forecast.cell_trials._NEARLY_SMALL", 1e9)
    scaled = work(tiny, longer).forecast(here, new_trials=False)
    assert scaled.is_tried and scaled.training_seconds.value == pytest.approx(more + 0.4, rel=0.05)


def test_a_nearly_small_cell_whose_trial_fails_is_counted(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 1e9)
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", lambda *_, compiles: TrainingTrial(0.01, 0.0, 0.0))
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", lambda *_: AnsweringTrial(0.0, 0.0, 0.0, 0.01))
    here = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", ""))
    assert work(tiny).forecast(here).is_tried

    def fail(*_: object, compiles: bool) -> TrainingTrial:
        raise RuntimeError("this cell cannot be tried")

    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 0.0)
    monkeypatch.setattr("harness.forecast.cell_trials._NEARLY_SMALL", 1e9)
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", fail)
    other = LORA.model_copy(update={"adapter": ADAPTER | {"r": 16}})
    assert not work(tiny, other).forecast(here).is_tried
    assert work(tiny, other).forecast(here, new_trials=False).is_tried, "where it may not be tried, it has the ratio of the first"


def test_a_small_cell_that_cannot_be_tried_leaves_no_ratio(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, compiles: bool) -> TrainingTrial:
        raise RuntimeError("this family cannot be tried")

    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 1e9)
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", lambda *_: AnsweringTrial(0.0, 0.0, 0.0, 1.0))
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", fail)
    here = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", ""))
    assert 0 < work(tiny).forecast(here).training_seconds.value < 10, "the count of operations"
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", lambda *_, compiles: TrainingTrial(0.01, 0.0, 0.0))
    assert work(tiny).forecast(here).training_seconds.value > 3 * 40 * 0.4


def test_without_new_trials_those_of_the_cache_count_and_none_is_made(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 0.0)
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", lambda *_, compiles: TrainingTrial(1.0, 0.0, 0.0))
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", lambda *_: AnsweringTrial(0.0, 0.0, 0.0, 1.0))
    here = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", ""))
    counted = work(tiny).forecast(here, new_trials=False)
    assert 0 < counted.seconds < 60 and not counted.is_tried and not trial_file().exists()
    tried = work(tiny).forecast(here)
    assert tried.is_tried and tried.seconds > 3 * 40 * 40
    assert work(tiny).forecast(here, new_trials=False, new_samples=False) == tried
    untuned, full = work(tiny, Strategy(name="b", method="prompt")).forecast(here), work(tiny, FULL).forecast(here, new_trials=False)
    assert untuned.is_tried and untuned.answer_seconds.value > 60
    assert not full.is_tried and full.seconds < 60, "its training was not tried, so that its answers are counted, too"


def test_trials_pay_where_they_take_a_small_part_of_the_cells(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = DeviceSpeeds(1e9, 1e8, 0.0, is_measured=True)
    monkeypatch.setattr("harness.forecast.cell_planning.measure_speeds", lambda *_: speeds)
    here, base = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", "")), Strategy(name="b", method="prompt")

    def pays(epochs: int, *strategies: Strategy, seeds: int = 1) -> bool:
        recipes = [each.model_copy(update={"train": TrainSpec(epochs=epochs)}) for each in strategies]
        return choose_trials({work(tiny, each): seeds for each in (*recipes, base)}, here).steps

    assert not pays(1, LORA), "five micro-batches, of which a trial takes as many"
    assert pays(1000, LORA)
    assert not pays(4, LORA, FULL) and pays(4, LORA, FULL, seeds=50), "seeds share a trial"
    assert choose_trials({}, here).steps
    speeds = DeviceSpeeds(1e12, 1e11, 0.0, is_measured=True)
    assert pays(1, LORA), "a moment"


def test_the_steps_of_a_compiled_training_are_tried_as_such_and_compiling_is_counted(
    tiny: ModelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[bool] = []
    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 0.0)
    monkeypatch.setattr(
        "harness.forecast.cell_trials.try_training", lambda *_, compiles: tried.append(compiles) or TrainingTrial(1.0, 0.0, 0.0)
    )
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", lambda *_: AnsweringTrial(0.0, 0.0, 0.0, 1.0))
    here, seconds = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", "")), []
    for choice in ("off", "on", "auto"):
        strategy = LORA.model_copy(update={"train": TrainSpec(compilation=choice)})
        seconds.append(work(tiny, strategy).forecast(here).training_seconds.value)
    assert tried == [False, True, False]
    assert seconds[1] - seconds[0] == pytest.approx(8.0) and seconds[2] == seconds[0]


def test_a_trial_is_made_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []

    def run() -> tuple[float, float, float]:
        runs.append(1)
        return 1.0, 2.0, 3.0

    assert cached_trial(["a"], run) == cached_trial(["a"], run) == (1.0, 2.0, 3.0)
    cached_trial(["b"], run)
    assert len(runs) == 2
    monkeypatch.setenv("OMP_NUM_THREADS", "61")
    cached_trial(["a"], run)
    assert len(runs) == 3, "other threads, other seconds"
    later = time.time() + 90_000
    monkeypatch.setattr("harness.forecast.trials.trial_cache.time.time", lambda: later)
    cached_trial(["a"], run)
    assert len(runs) == 4 and len(trial_file().read_text().splitlines()) == 1


def test_a_trial_within_a_trial_is_kept_too() -> None:
    """As those of the first small cell of a kind, whose ratio is kept as well."""
    assert cached_trial(["ratio"], lambda: (1.0, *cached_trial(["cell"], lambda: (2.0, 3.0)))) == (1.0, 2.0, 3.0)
    assert cached_trial(["cell"], lambda: (9.0, 9.0)) == (2.0, 3.0)


@pytest.mark.parametrize("damage", [b"\xff\xfe", b"{", json.dumps({"key": "a" * 64, "at": 1, "values": [1.0, -2.0, 3.0]}).encode()])
def test_a_damaged_cache_counts_for_nothing(damage: bytes) -> None:
    trial_file().parent.mkdir(exist_ok=True)
    trial_file().write_bytes(damage)
    assert cached_trial(["a"], lambda: (1.0, 2.0, 3.0)) == (1.0, 2.0, 3.0)
    assert cached_trial(["a"], lambda: (9.0, 9.0, 9.0)) == (1.0, 2.0, 3.0), "it was written anew"
