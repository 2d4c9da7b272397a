"""Outputs that an untuned model writes for a forecast: when it does, what they say, and when they are written anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.api.catalogs import open_catalog
from harness.engine.inference import Predictor, count_rows
from harness.engine.inference.generate import Generated
from harness.engine.models import Device, ModelSource, load_model, resolve_description, resolve_model
from harness.forecast import choose_trials, target_of_machine, trial_file
from harness.forecast.cell_planning import CellWork
from harness.forecast.device_speeds import DeviceSpeeds
from harness.forecast.output_lengths import OutputSample
from harness.forecast.trials.answering_trials import AnsweringTrial
from harness.measure import Price
from harness.types import ArtifactSpec, DataReport, DecodeSpec, Example, QuantizationSpec, Splits, Strategy, Task
from tests.forecast.trial_strategies import ADAPTER, FULL, LORA, QLORA

BASE = Strategy(name="b", method="prompt")
HERE = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", ""))
SHIPPED = {name: open_catalog((), ()).task(name).value for name in ("qa", "summarization")}


@pytest.fixture(autouse=True)
def _one_millisecond_a_token(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cell is small, and each token that is written takes a millisecond."""
    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 0.0)
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", lambda *_: AnsweringTrial(0.0, 0.0, 0.0, 0.001))


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders of models that are loaded to write."""
    folders: list[Path] = []

    def load(source: ModelSource, device: Device) -> Any:
        folders.append(source.folder)
        return load_model(source, device)

    monkeypatch.setattr("harness.forecast.output_samples.load_model", load)
    return folders


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., Generated]], None]:
    """Replaces what the model writes behind each prompt."""

    def use(write: Callable[..., Generated]) -> None:
        def write_all(model: Any, prompts: Sequence[Sequence[int]], **options: Any) -> list[Generated]:
            return [write(number, **options) for number, _ in enumerate(prompts)]

        monkeypatch.setattr("harness.forecast.output_samples.generate", write_all)

    return use


@pytest.fixture(scope="module")
def tiny() -> ModelSource:
    return resolve_model("tiny")


def cell(source: ModelSource, strategy: Strategy = BASE, task: Task = SHIPPED["summarization"], words: int = 40) -> CellWork:
    """A cell with 16 test examples whose references have ten words."""
    inputs = {"input": "word " * words, "question": "word?", "context": "word " * words}
    examples = tuple(Example(id=str(i), inputs=inputs, targets=("word " * 10,)) for i in range(40))
    return CellWork(task, strategy, Splits(examples, examples[:8], examples[:16], DataReport("made", {}, {}), "digest"), source, 40)


def sample_of(work: CellWork) -> OutputSample | None:
    """What the model has written for the forecast of a cell."""
    assert work.forecast(HERE).is_tried
    trials = work._trials(HERE, may_run=False, may_sample=False)
    assert trials is not None
    return trials.with_sample(work._count(HERE).answering).sample


def test_a_sample_says_how_long_the_outputs_are(tiny: ModelSource) -> None:
    usual, sampled = cell(tiny).forecast(HERE, new_samples=False), cell(tiny).forecast(HERE)
    assert (usual.is_sampled, sampled.is_sampled) == (False, True)
    work = cell(tiny)
    outputs = Predictor(work.task, BASE, load_model(tiny, Device("cpu", "a CPU", "float32"))).predict(work.splits.test)
    seconds = 0.001 * count_rows([each.tokens_out + (each.finish == "stop") for each in outputs])
    before, after = usual.answer_seconds, sampled.answer_seconds
    assert after.value == pytest.approx(seconds, rel=0.1), "all 16 outputs are in the sample"
    assert before.value != pytest.approx(seconds, rel=0.1)
    assert None not in (before.low, before.high, after.low, after.high)
    assert after.high - after.low < 0.7 * (before.high - before.low)
    assert cell(tiny).forecast(HERE, new_trials=False, new_samples=False) == sampled, "it is kept"


@pytest.mark.parametrize(
    "strategy",
    [
        LORA,
        FULL,
        QLORA,
        BASE.model_copy(update={"quantization": QuantizationSpec()}),
        Strategy(name="a", method="artifact", artifact=ArtifactSpec(path="a", kind="adapter"), adapter=ADAPTER),
    ],
    ids=["lora", "full", "qlora", "4 bits", "an adapter of others"],
)
def test_a_model_that_answers_otherwise_than_its_files_has_no_sample(tiny: ModelSource, loads: list[Path], strategy: Strategy) -> None:
    assert not cell(tiny, strategy).forecast(HERE).is_sampled and not loads


def test_neither_a_large_model_nor_one_without_weights_is_loaded(
    tiny: ModelSource, tmp_path: Path, loads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(tiny.folder, tmp_path / "described", ignore=shutil.ignore_patterns("*.safetensors"))
    assert not cell(resolve_description(str(tmp_path / "described"))).forecast(HERE).is_sampled
    monkeypatch.setattr("harness.forecast.output_samples.WHOLE_MODEL", 1000)
    assert not cell(tiny).forecast(HERE).is_sampled
    assert not loads


def test_damaged_weights_leave_the_usual_lengths(tiny: ModelSource, tmp_path: Path) -> None:
    shutil.copytree(tiny.folder, tmp_path / "damaged")
    weights = next((tmp_path / "damaged").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:5000])
    usual = cell(tiny).forecast(HERE, new_samples=False)
    damaged = cell(replace(tiny, folder=tmp_path / "damaged")).forecast(HERE)
    assert damaged.answer_seconds == usual.answer_seconds and not damaged.is_sampled


def test_outputs_that_an_end_token_or_a_text_ends_count_their_steps(tiny: ModelSource, loads: list[Path], written: Any) -> None:
    """An end token is a step that leaves no token in the output; a stop text leaves all of its own."""
    task = SHIPPED["qa"]
    assert task.decode.stop == ("\n",)
    newline = load_model(tiny, Device("cpu", "a CPU", "float32")).tokenizer("\n", add_special_tokens=False)["input_ids"]
    passed: dict[str, Any] = {}

    def write(number: int, *, ended: Callable[[Sequence[int]], bool], **options: Any) -> Generated:
        passed.update(options)
        assert ended([5, *newline]) and not ended([5, 6])
        if number < 4:
            return Generated([5] * options["max_new_tokens"], "length")
        return Generated([5, 5, *newline] if number % 2 else [5] * 7, "stop")

    written(write)
    sample = sample_of(cell(tiny, task=task))
    asked = cell(tiny, task=task)._count(HERE).answering.asked
    assert sample is not None and asked is not None
    assert (sample.outputs, sample.endless) == (16, 4)
    (reference,) = set(asked.batches[0])
    assert sample.ratio == pytest.approx((6 * (2 + len(newline)) + 6 * 8) / (12 * reference))
    assert passed["max_new_tokens"] == task.decode.max_new_tokens
    assert load_model(tiny, Device("cpu", "a CPU", "float32")).tokenizer.eos_token_id in passed["stop_ids"]


def test_few_long_prompts_are_answered(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch, written: Any) -> None:
    written(lambda number, **_: Generated([5], "stop"))
    monkeypatch.setattr("harness.forecast.output_samples.most_tokens_read", lambda *_: 1000)
    counts = [sample.outputs for words in (10, 200, 900) if (sample := sample_of(cell(tiny, words=words))) is not None]
    assert counts[0] == 16 > counts[1] > counts[2] == 2


def test_other_work_is_sampled_anew(tiny: ModelSource, loads: list[Path]) -> None:
    task = SHIPPED["summarization"]
    shorter = task.model_copy(update={"decode": DecodeSpec(max_new_tokens=task.decode.max_new_tokens - 1)})
    ended = task.model_copy(update={"decode": task.decode.model_copy(update={"stop": ("zq",)})})
    for count, work in enumerate([cell(tiny), cell(tiny, task=shorter), cell(tiny, task=ended), cell(tiny, words=41)], start=1):
        assert work.forecast(HERE).is_sampled and len(loads) == count
    assert cell(tiny).forecast(HERE).is_sampled and len(loads) == 4


def test_a_long_sample_takes_at_most_half_as_long_as_all_answers(
    tiny: ModelSource, loads: list[Path], monkeypatch: pytest.MonkeyPatch, written: Any
) -> None:
    written(lambda number, **_: Generated([5], "stop"))
    monkeypatch.setattr("harness.forecast.cell_trials.try_answering", lambda *_: AnsweringTrial(0.0, 0.0, 0.0, 1.0))
    few = cell(tiny)
    assert few.task.decode.max_new_tokens > 100
    for examples, outputs in ((2, None), (16, 3), (48, 9), (112, 24)):
        trial_file().unlink(missing_ok=True)
        work = CellWork(few.task, BASE, replace(few.splits, test=(few.splits.test * 7)[:examples]), tiny, 0)
        sample = sample_of(work)
        assert (None if sample is None else sample.outputs) == outputs, f"of {examples} outputs"
        assert bool(loads) == (sample is not None), "the model is read only to write"


def test_a_small_cell_is_sampled_too(tiny: ModelSource, loads: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else says how long its outputs are. A dry run and its run measure the device anew, so that it may be small in one of them."""
    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 1e9)
    assert not cell(tiny).forecast(HERE, new_samples=False).is_sampled and not loads
    sampled = cell(tiny).forecast(HERE)
    assert sampled.is_sampled and len(loads) == 1
    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 0.0)
    again = cell(tiny).forecast(HERE, new_trials=False, new_samples=False)
    assert again.is_sampled and again.answer_seconds == sampled.answer_seconds and len(loads) == 1


def test_counted_answers_have_the_lengths_of_the_sample_too(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the trial of a cell is gone, and it takes the ratio of the first small one."""
    small = cell(tiny, words=38)
    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 1e9)
    assert small.forecast(HERE, new_samples=False).is_tried
    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 0.0)
    monkeypatch.setattr("harness.forecast.cell_trials._NEARLY_SMALL", 1e9)
    values = {"outputs": (16.0, 0.0, 0.5)}
    real = _cached_by_kind(monkeypatch, values)
    few = cell(tiny).forecast(HERE, new_trials=False, new_samples=False)
    values["outputs"] = (16.0, 16.0, 1.0)
    many = cell(tiny).forecast(HERE, new_trials=False, new_samples=False)
    assert few.is_sampled and many.is_sampled and real
    assert many.answer_seconds.value > 2 * few.answer_seconds.value


def _cached_by_kind(monkeypatch: pytest.MonkeyPatch, values: dict[str, tuple[float, ...]]) -> list[str]:
    """Lets the cache have these values for keys that begin so, and no trial of answers; returns the kinds that were asked for."""
    from harness.forecast.trials.trial_cache import cached_trial

    asked: list[str] = []

    def cached(key: list[Any], run: Callable[[], tuple[float, ...]], **options: bool) -> tuple[float, ...]:
        asked.append(key[0])
        if key[0] == "answers":
            raise LookupError
        return values.get(key[0]) or cached_trial(key, run, **options)

    monkeypatch.setattr("harness.forecast.cell_trials.cached_trial", cached)
    return asked


@pytest.mark.parametrize("values", [(0.0, 0.0, 1.0), (4.0, 5.0, 1.0), (1.0, 2.0)])
def test_a_damaged_sample_counts_for_nothing(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch, values: tuple[float, ...]) -> None:
    usual = cell(tiny).forecast(HERE, new_samples=False)
    monkeypatch.setattr("harness.forecast.cell_trials.cached_trial", lambda key, run, **_: values if key[0] == "outputs" else run())
    assert cell(tiny).forecast(HERE) == usual


def test_a_sample_pays_where_the_answers_have_many_batches(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written until the limit, as a batch is, so that it takes a tenth of the answers from ten batches or 320 outputs on."""
    monkeypatch.setattr("harness.forecast.cell_planning.measure_speeds", lambda *_: DeviceSpeeds(1e9, 1e8, 0.0, is_measured=True))
    few = cell(tiny)
    data = replace(few.splits, test=few.splits.test * 80)
    many = CellWork(few.task, BASE, data, tiny, 0)
    assert [choose_trials({each: 1}, HERE).sampled for each in (few, many)] == [frozenset(), {many}]
    small = [CellWork(few.task, BASE, replace(few.splits, test=few.splits.test[: 16 - i]), tiny, 0) for i in range(12)]
    chosen = choose_trials(dict.fromkeys((*small, many), 1), HERE)
    assert many in chosen.sampled, "small cells do not take the sample of one that takes long"
    assert chosen.steps and 1 < len(chosen.sampled) < 13
    with_sample, without = (few.list_trial_costs(HERE, with_samples=each) for each in (True, False))
    assert len(with_sample) == len(without) + 1


@pytest.mark.parametrize(("outputs", "rows", "share"), [(16, 64, 1), (48, 16, 2 / 3), (1280, 16, 1 / 40), (1280, 64, 1 / 20)])
def test_a_sample_costs_its_share_of_the_answers_and_a_batch_at_least(
    tiny: ModelSource, monkeypatch: pytest.MonkeyPatch, outputs: int, rows: int, share: float
) -> None:
    monkeypatch.setattr("harness.forecast.workload.BATCH_ROWS", rows)
    monkeypatch.setattr("harness.forecast.cell_planning.measure_speeds", lambda *_: DeviceSpeeds(1e9, 1e8, 0.0, is_measured=True))
    few = cell(tiny)
    work = CellWork(few.task, BASE, replace(few.splits, test=(few.splits.test * 80)[:outputs]), tiny, 0)
    with_sample, without = (work.list_trial_costs(HERE, with_samples=each) for each in (True, False))
    (cost,) = (seconds for name, seconds in with_sample.items() if name not in without)
    assert cost == pytest.approx(work.counted_seconds(HERE) * share + 0.2, rel=0.15), "and reading the weights"
