"""Trials of steps on this machine: the model they are made on, what they run, and which of them are short."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import save_model

from harness.engine.models import ModelSource, resolve_description, resolve_model
from harness.engine.tuning import EncodedExample, preference_losses
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.trials.answering_trials import _write_seconds, try_answering
from harness.forecast.trials.model import build_trial_model
from harness.forecast.trials.size import of_whole_model
from harness.forecast.trials.timing import first_and_later, twice_if_short
from harness.forecast.trials.training_trials import _fresh_seconds, _limit_examples, try_training
from harness.types import TrainSpec
from tests.forecast.trial_strategies import FULL, LORA, QLORA

pytestmark = pytest.mark.usefixtures("own_cache")
HALF = Formats("bfloat16", "bfloat16")


@pytest.fixture(scope="module")
def tiny() -> ModelSource:
    return resolve_model("tiny")


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

    assert of_whole_model(outline, run) == (18.0,) and asked == [None]
    monkeypatch.setattr("harness.forecast.trials.size.WHOLE_MODEL", 1)
    assert of_whole_model(outline, run) == (18.0,) and asked == [None, (1,), (3,)]


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

    assert of_whole_model(ModelOutline(resolve_description(str(tmp_path)), FULL), run) == (74.0,)
    assert asked == [(1,), (tried,)]


def test_both_parts_of_a_large_encoder_decoder_are_extrapolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T5 with two and three layers: each part has seconds of its own."""
    monkeypatch.setattr("harness.forecast.trials.size.WHOLE_MODEL", 1)
    outline = ModelOutline(resolve_description(str(save_model(tmp_path / "t5", "t5"))), FULL)
    asked: list[Sequence[int] | None] = []

    def run(layers: Sequence[int] | None) -> tuple[float, ...]:
        asked.append(layers)
        assert layers is not None
        return (1.0 + 10 * layers[0] + 100 * layers[1],)

    assert of_whole_model(outline, run) == (321.0,) and asked == [(1, 1), (2, 1), (1, 3)]
    cut = build_trial_model(outline, HALF, "cpu", (1, 3), trains=False)
    assert (len(cut.encoder.block), len(cut.decoder.block)) == (1, 3)


def test_a_long_example_loses_its_beginning_and_keeps_targets(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.forecast.trials.size._OPERATIONS", {"cpu": 0.0})
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
    monkeypatch.setattr("harness.forecast.trials.timing.time.perf_counter", lambda: now[0])
    ran: list[float] = []

    def run() -> None:
        ran.append(seconds)
        now[0] += seconds if len(ran) > 1 else seconds + 0.25

    assert first_and_later(run, "cpu", may_run_once=may_run_once) == expected
    assert len(ran) == runs


@pytest.mark.parametrize(
    ("tokens", "widths", "more"),
    [(60, {52, 44, 36}, 0.25), (17, {9, 8}, 0.25), (6, set(), 0.0)],
    ids=["three shapes", "two", "too short for another"],
)
def test_steps_of_new_shapes_prepare_kernels(monkeypatch: pytest.MonkeyPatch, tokens: int, widths: set[int], more: float) -> None:
    now, seen = [0.0], set[int]()
    monkeypatch.setattr("harness.forecast.trials.timing.time.perf_counter", lambda: now[0])

    def step(batch: Sequence[EncodedExample]) -> None:
        width = batch[0].padded_length
        now[0] += 0.1 + 0.01 * width + (0.25 if width not in seen else 0.0)
        seen.add(width)

    assert _fresh_seconds(step, [EncodedExample((5,) * (tokens - 2), (6,) * 2)], "cpu") == pytest.approx(more)
    assert seen == widths


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
    looked.clear()
    try_answering(outline, HALF, "cpu", prompts, 8, None, lambda ids: bool(looked.append(len(ids))), room=30)
    assert set(looked) == set(range(1, 14)), "short ones are timed for some more tokens, where the task has so many"
    lengths: list[int] = []
    monkeypatch.setattr(
        "harness.forecast.trials.answering_trials._write_seconds", lambda _, __, rows, *___: lengths.append(len(rows[0])) or 1.0
    )
    try_answering(outline, HALF, "cpu", prompts, 8, None, None, 30)
    assert set(lengths) == {34}, "a token behind 30 others"
    choosing = try_answering(outline, HALF, "cpu", prompts, 8, ((5, 6), (7, 6)))
    assert choosing.reading > 0 and (choosing.writing, choosing.row) == (0, 0)


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch was built without oneDNN")
@pytest.mark.parametrize("arranges", [True, False])
def test_trials_arrange_weights_where_cells_do(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch, arranges: bool) -> None:
    arranged: list[int] = []

    def arrange(weight: Any) -> Any:
        arranged.append(weight.numel())
        return torch.ops.mkldnn._reorder_linear_weight(weight, 32)

    monkeypatch.setattr("harness.engine.models.products.has_onednn_products", lambda: True)
    monkeypatch.setattr("harness.engine.models.arranged_products.arrange", arrange)
    outline = ModelOutline(tiny, LORA)
    try_answering(outline, Formats("float32", None), "cpu", [[7, 8, 9], [7, 8, 8, 9]], 8, None, None, 0, 16, arranges)
    assert bool(arranged) is arranges


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

    monkeypatch.setattr("harness.forecast.trials.training_trials.preference_losses", note)
    outline = ModelOutline(tiny, LORA.model_copy(update={"train": TrainSpec(objective="dpo")}))
    trial = try_training(outline, HALF, "cpu", [EncodedExample((5,) * 12, (6,) * 8, rejected=(7,) * 6)] * 2)
    assert all(seconds > 0 for seconds in trial[:3]) and set(losses) == {2}


def test_ranks_are_chosen_in_the_trial_of_adalora(tiny: ModelSource) -> None:
    adapter = {"peft_type": "ADALORA", "init_r": 4, "target_r": 2, "target_modules": "all-linear"}
    trial = try_training(ModelOutline(tiny, LORA.model_copy(update={"adapter": adapter})), HALF, "cpu", [EncodedExample((5,) * 9, (6,))])
    assert all(seconds > 0 for seconds in trial[:3])


@pytest.mark.parametrize(
    ("steps", "expected"),
    [([0.01, 0.012], 0.011), ([0.03, 0.01], 0.01), ([0.01, 0.02], 0.01), ([0.2], 0.2), ([0.01], 0.01)],
    ids=["mean of two", "the first was disturbed", "the second was", "long writing", "long reading"],
)
def test_short_trials_of_writing_are_made_twice(monkeypatch: pytest.MonkeyPatch, steps: list[float], expected: float) -> None:
    now, rooms = [0.0], list[int]()
    reading = 0.1 if len(steps) > 1 else 1.1
    monkeypatch.setattr("harness.forecast.trials.timing.time.perf_counter", lambda: now[0])

    def write(
        _: object, prompts: Sequence[Sequence[int]], *, max_new_tokens: int, ended: Callable[[Sequence[int]], bool], **__: object
    ) -> None:
        rooms.append(max_new_tokens)
        now[0] += reading
        for length in range(1, max_new_tokens + 1):
            if ended([0] * length):
                return
            now[0] += steps[len(rooms) - 1] + (0.25 if length == 1 else 0.0)  # kernels are prepared before the first token
        raise AssertionError("it writes until the limit")

    assert twice_if_short(lambda: _write_seconds(write, None, [[5], [6]], None, "cpu", 100), "cpu") == pytest.approx(expected)
    assert rooms == [101] * len(steps), "there is room for a whole output"
