"""Trials of steps on this machine: the model they are made on, and what a forecast makes of their seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from tiny_models import save_model

from harness.api.catalogs import open_catalog
from harness.cache import cache_folder, use_cache_folder
from harness.engine.models import Device, ModelSource, resolve_description, resolve_model
from harness.engine.tuning import EncodedExample, preference_losses
from harness.forecast import target_of_machine, target_of_table, trial_file, trials_pay
from harness.forecast.cell_planning import CellWork
from harness.forecast.device_speeds import DeviceSpeeds
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.step_trials import (
    AnsweringTrial,
    TrainingTrial,
    _first_and_later,
    _limit_examples,
    _of_whole_model,
    try_answering,
    try_training,
)
from harness.forecast.trial_cache import cached_trial
from harness.forecast.trial_model import build_trial_model
from harness.measure import Price, get_devices
from harness.types import DataReport, Example, QuantizationSpec, Splits, Strategy, TrainSpec

ADAPTER = {"peft_type": "LORA", "r": 4, "lora_dropout": 0.1, "target_modules": "all-linear"}
LORA = Strategy(name="l", method="peft", train=TrainSpec(), adapter=ADAPTER)
QLORA = LORA.model_copy(update={"quantization": QuantizationSpec()})
FULL = Strategy(name="f", method="full", train=TrainSpec())
HALF = Formats("bfloat16", "bfloat16")


@pytest.fixture(scope="module")
def tiny() -> ModelSource:
    return resolve_model("tiny")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.cache._Choice.folder", cache_folder())
    use_cache_folder(tmp_path)


def test_a_trial_model_has_the_strategy_and_as_many_layers_as_asked(tiny: ModelSource) -> None:
    packed = build_trial_model(ModelOutline(tiny, QLORA), HALF, "cpu", (2,), trains=True)
    assert packed.config.num_hidden_layers == 2
    assert [type(parameter).__name__ for parameter in packed.parameters()].count("Params4bit") == 2 * 7
    assert sum(parameter.requires_grad for parameter in packed.parameters()) == 2 * 2 * 7, "the adapter"
    wide = build_trial_model(ModelOutline(tiny, FULL), HALF, "cpu", (1,), trains=True)
    assert {parameter.dtype for parameter in wide.parameters()} == {torch.float32}
    narrow = build_trial_model(ModelOutline(tiny, FULL), HALF, "cpu", (1,), trains=False)
    assert {parameter.dtype for parameter in narrow.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize("family", ["llama", "bert", "t5", "mixtral"])
def test_every_weight_of_a_trial_model_has_a_number_of_usual_size(tmp_path: Path, family: str) -> None:
    outline = ModelOutline(resolve_description(str(save_model(tmp_path / family, family))), FULL, labels=("a", "b"))
    model = build_trial_model(outline, Formats("float32", None), "cpu", None, trains=True)
    for name, weights in model.named_parameters():
        if weights.dim() < 2:
            assert set(weights.unique().tolist()) <= {0.0, 1.0}, name
        else:
            assert weights.isfinite().all() and 0.001 < weights.std() < 0.1, name
    assert all(buffer.isfinite().all() for buffer in model.buffers())


def test_a_large_model_is_extrapolated_from_few_layers(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    outline = ModelOutline(tiny, FULL)
    asked: list[Sequence[int] | None] = []

    def run(layers: Sequence[int] | None) -> tuple[float, ...]:
        asked.append(layers)
        return (10.0 + 2 * (4 if layers is None else sum(layers)),)

    assert _of_whole_model(outline, run) == (18.0,) and asked == [None]
    monkeypatch.setattr("harness.forecast.step_trials._WHOLE", 1)
    assert _of_whole_model(outline, run) == (18.0,) and asked == [None, (1,), (3,)]


@pytest.mark.parametrize(("width", "inner", "tried"), [(960, 2560, 6), (4096, 14336, 3)], ids=["360M", "8B"])
def test_layers_that_weigh_little_beside_the_vocabulary_are_tried_in_a_larger_number(
    tmp_path: Path, width: int, inner: int, tried: int
) -> None:
    """SmolLM2-360M and Llama 3.1 8B, of which a layer has 10 and 218 million parameters."""
    config = {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": width, "intermediate_size": inner,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 49152,
        "tie_word_embeddings": True,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    asked: list[Sequence[int] | None] = []

    def run(layers: Sequence[int] | None) -> tuple[float, ...]:
        assert layers is not None
        asked.append(layers)
        return (10.0 + 2 * layers[0],)

    assert _of_whole_model(ModelOutline(resolve_description(str(tmp_path)), FULL), run) == (74.0,)
    assert asked == [(1,), (tried,)]


def test_both_parts_of_a_large_encoder_decoder_are_extrapolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T5 with two and three layers: each part has seconds of its own."""
    monkeypatch.setattr("harness.forecast.step_trials._WHOLE", 1)
    outline = ModelOutline(resolve_description(str(save_model(tmp_path / "t5", "t5"))), FULL)
    asked: list[Sequence[int] | None] = []

    def run(layers: Sequence[int] | None) -> tuple[float, ...]:
        asked.append(layers)
        assert layers is not None
        return (1.0 + 10 * layers[0] + 100 * layers[1],)

    assert _of_whole_model(outline, run) == (321.0,) and asked == [(1, 1), (2, 1), (1, 3)]
    cut = build_trial_model(outline, HALF, "cpu", (1, 3), trains=False)
    assert (len(cut.encoder.block), len(cut.decoder.block)) == (1, 3)


def test_a_long_example_loses_its_beginning_and_keeps_targets(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.forecast.step_trials._OPERATIONS", {"cpu": 0.0})
    outline = ModelOutline(tiny, FULL)
    assert _limit_examples(outline, "cpu", [EncodedExample((1,) * 500, (2,) * 10)] * 3) == [EncodedExample((1,) * 54, (2,) * 10)]
    (cut,) = _limit_examples(outline, "cpu", [EncodedExample((1,) * 500, (2,) * 100)])
    assert (len(cut.prompt), len(cut.target)) == (32, 32)
    (pair,) = _limit_examples(outline, "cpu", [EncodedExample((1,) * 500, (2,) * 10, rejected=(3,) * 12)])
    assert (len(pair.prompt), len(pair.target), len(pair.rejected)) == (20, 10, 12), "two sequences of 32 tokens"
    (label,) = _limit_examples(outline, "cpu", [EncodedExample((1,) * 500, (1,), labelled=True)])
    assert (len(label.prompt), label.target) == (64, (1,))


def test_an_example_of_700_tokens_is_tried_as_a_whole_on_a_model_of_135_million_parameters(tmp_path: Path) -> None:
    """With the shapes of SmolLM2-135M. Cut to 494 tokens, a step of LoRA took a fifth less per token than those of its cell."""
    config = {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 576, "intermediate_size": 1536,
        "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152, "tie_word_embeddings": True,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    example = EncodedExample((1,) * 640, (2,) * 60)
    assert _limit_examples(ModelOutline(resolve_description(str(tmp_path)), FULL), "cpu", [example] * 3) == [example]


@pytest.mark.parametrize(
    ("seconds", "may_run_once", "expected", "runs"),
    [(0.5, True, (0.25, 0.5), 3), (1.0, True, (0.0, 1.25), 1), (1.0, False, (0.25, 1.0), 2)],
    ids=["short", "long", "long-and-the-first-does-more"],
)
def test_long_trials_are_not_repeated(
    monkeypatch: pytest.MonkeyPatch, seconds: float, may_run_once: bool, expected: tuple[float, float], runs: int
) -> None:
    now = [0.0]
    monkeypatch.setattr("harness.forecast.step_trials.time.perf_counter", lambda: now[0])
    ran: list[float] = []

    def run() -> None:
        ran.append(seconds)
        now[0] += seconds if len(ran) > 1 else seconds + 0.25

    assert _first_and_later(run, "cpu", may_run_once=may_run_once) == expected
    assert len(ran) == runs


def test_trials_run_the_steps_of_a_cell(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training and both kinds of answers, with an adapter; longer work takes longer per token written by several rows."""
    outline = ModelOutline(tiny, LORA)
    training = try_training(outline, HALF, "cpu", [EncodedExample((5,) * 20, (6,) * 8), EncodedExample((5,) * 12, (6,) * 8)])
    assert all(seconds > 0 for seconds in training[:3]) and training.fresh >= 0
    looked: list[int] = []
    prompts = [[7, 8, 9], [7, 8, 8, 9]]
    writing = try_answering(outline, HALF, "cpu", prompts, 8, None, lambda ids: bool(looked.append(len(ids))))
    assert writing.reading > 0 and writing.writing + writing.row > 0
    assert max(looked) == 6, "what looks for stop texts runs after each token"
    lengths: list[int] = []
    monkeypatch.setattr("harness.forecast.step_trials._write_seconds", lambda _, __, rows, *___: lengths.append(len(rows[0])) or 1.0)
    try_answering(outline, HALF, "cpu", prompts, 8, None, None, 30)
    assert set(lengths) == {34}, "a token behind 30 others"
    choosing = try_answering(outline, HALF, "cpu", prompts, 8, ((5, 6), (7, 6)))
    assert choosing.reading > 0 and (choosing.writing, choosing.row) == (0, 0)


@pytest.mark.parametrize("family", ["t5", "distilbert"])
def test_trials_of_encoders_and_encoder_decoders(tmp_path: Path, family: str) -> None:
    labels = ("a", "b") if family == "distilbert" else ()
    outline = ModelOutline(resolve_description(str(save_model(tmp_path / family, family))), LORA, labels=labels)
    examples = [EncodedExample((5,) * 20, (1,) if labels else (6,) * 4, labelled=bool(labels)) for _ in range(2)]
    wide = Formats("float32", None)
    assert all(seconds > 0 for seconds in try_training(outline, wide, "cpu", examples)[:3])
    choosing = try_answering(outline, wide, "cpu", [[7, 8, 9], [7, 8, 8, 9]], 8, () if labels else ((5, 1), (7, 1)))
    assert choosing.reading > 0 and (choosing.writing, choosing.row) == (0, 0)
    if not labels:
        writing = try_answering(outline, wide, "cpu", [[7, 8, 9], [7, 8, 8, 9]], 8, None)
        assert writing.reading > 0 and writing.writing + writing.row > 0


def test_pairs_are_tried_as_preference_tuning_does(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    losses: list[int] = []

    def note(model: object, pairs: Sequence[EncodedExample], *rest: object) -> object:
        losses.append(len(pairs))
        return preference_losses(model, pairs, *rest)

    monkeypatch.setattr("harness.forecast.step_trials.preference_losses", note)
    outline = ModelOutline(tiny, LORA.model_copy(update={"train": TrainSpec(objective="dpo")}))
    trial = try_training(outline, HALF, "cpu", [EncodedExample((5,) * 12, (6,) * 8, rejected=(7,) * 6)] * 2)
    assert all(seconds > 0 for seconds in trial[:3]) and set(losses) == {2}


def test_ranks_are_chosen_in_the_trial_of_adalora(tiny: ModelSource) -> None:
    adapter = {"peft_type": "ADALORA", "init_r": 4, "target_r": 2, "target_modules": "all-linear"}
    trial = try_training(ModelOutline(tiny, LORA.model_copy(update={"adapter": adapter})), HALF, "cpu", [EncodedExample((5,) * 9, (6,))])
    assert all(seconds > 0 for seconds in trial[:3])


def work(tiny: ModelSource, strategy: Strategy = LORA) -> CellWork:
    task = open_catalog((), ()).task("summarization").value
    examples = tuple(Example(id=str(i), inputs={"input": "word " * 40}, targets=("word " * 10,)) for i in range(40))
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
    """All examples have one length here, so that all micro-batches have one shape."""
    monkeypatch.setattr("harness.forecast.cell_planning.WORTH_TRYING", 0.0)
    monkeypatch.setattr("harness.forecast.cell_trials.try_training", lambda *_, compiles: TrainingTrial(0.0, 0.0, 0.0, 5.0))
    here = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", ""))
    assert work(tiny).forecast(here).training_seconds.value == 0.4 + 5.0, "0.4 s are what a training takes once"


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
    other = LORA.model_copy(update={"train": TrainSpec(epochs=1)})
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
    damaged = [json.loads(line) | {"seconds": [0.0, 1.0, 1.0]} for line in trial_file().read_text().splitlines()]
    trial_file().write_text("\n".join(map(json.dumps, damaged)))
    assert 0 < work(tiny, other).forecast(here).training_seconds.value < 10, "the count of operations remains"


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
    assert work(tiny).forecast(here, new_trials=False) == tried
    untuned, full = work(tiny, Strategy(name="b", method="prompt")).forecast(here), work(tiny, FULL).forecast(here, new_trials=False)
    assert untuned.is_tried and untuned.answer_seconds.value > 60
    assert not full.is_tried and full.seconds < 60, "its training was not tried, so that its answers are counted, too"


def test_trials_pay_where_they_take_a_small_part_of_the_cells(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = DeviceSpeeds(1e9, 1e8, 0.0, is_measured=True)
    monkeypatch.setattr("harness.forecast.cell_planning.measure_speeds", lambda *_: speeds)
    here, base = target_of_machine(Device("cpu", "a CPU", "float32"), Price(None, "USD", "")), Strategy(name="b", method="prompt")

    def pays(epochs: int, *strategies: Strategy, seeds: int = 1) -> bool:
        recipes = [each.model_copy(update={"train": TrainSpec(epochs=epochs)}) for each in strategies]
        return trials_pay({work(tiny, each): seeds for each in (*recipes, base)}, here)

    assert not pays(1, LORA), "five micro-batches, of which a trial takes as many"
    assert pays(1000, LORA)
    assert not pays(4, LORA, FULL) and pays(4, LORA, FULL, seeds=50), "seeds share a trial"
    assert trials_pay({}, here)
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
    monkeypatch.setattr("harness.forecast.trial_cache.time.time", lambda: later)
    cached_trial(["a"], run)
    assert len(runs) == 4 and len(trial_file().read_text().splitlines()) == 1


@pytest.mark.parametrize("damage", [b"\xff\xfe", b"{", json.dumps({"key": "a" * 64, "at": 1, "seconds": [1.0, -2.0, 3.0]}).encode()])
def test_a_damaged_cache_counts_for_nothing(damage: bytes) -> None:
    trial_file().write_bytes(damage)
    assert cached_trial(["a"], lambda: (1.0, 2.0, 3.0)) == (1.0, 2.0, 3.0)
    assert cached_trial(["a"], lambda: (9.0, 9.0, 9.0)) == (1.0, 2.0, 3.0), "it was written anew"
