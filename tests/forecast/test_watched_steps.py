"""What a step takes on a model without weights, compared with what the same step allocates with weights."""

from __future__ import annotations

import json

import pytest
import torch
from allocations import Allocations
from cpu_allocations import peak_of
from tiny_models import save_model

from harness.engine.adapters import adapt
from harness.engine.inference import LabelScorer, LabelTree, generate, list_groups
from harness.engine.models import Device, ModelSource, load_description, load_model, resolve_description, resolve_model
from harness.engine.tuning import EncodedExample, KeyedRandom, fused_lora
from harness.engine.tuning.loss import batch_loss
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.watched_steps import BatchShape, watch_answers, watch_training
from harness.types import Strategy, TrainSpec

WIDE = Formats("float32", None)
LORA = Strategy(
    name="l", method="peft", train=TrainSpec(), adapter={"peft_type": "LORA", "r": 4, "lora_dropout": 0.1, "target_modules": "all-linear"}
)
DORA = LORA.model_copy(update={"adapter": LORA.adapter | {"use_dora": True}})
FULL = Strategy(name="f", method="full", train=TrainSpec())


@pytest.fixture(scope="module")
def tiny() -> ModelSource:
    return resolve_model("tiny")


@pytest.mark.parametrize("strategy", [LORA, DORA], ids=["lora", "dora"])
def test_a_watched_step_takes_what_the_step_allocates(tiny: ModelSource, strategy: Strategy) -> None:
    """With bfloat16 by autocast, LoRA with dropout, padding, and logits at the targets alone: to 1%."""
    model = adapt(load_model(tiny, Device("cpu", "a CPU", "bfloat16")).model, strategy, 0).train()
    parameters = [*model.parameters()]
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None
    known = [*parameters, *(parameter.grad for parameter in parameters if parameter.grad is not None)]
    rows = [EncodedExample((5,) * (48 - 16 - (i == 0)), (6,) * 16) for i in range(4)]
    random = KeyedRandom(seed=0)
    random.begin(1, range(4))
    with Allocations(known) as real, random.replacing_dropout(), fused_lora(model, random, torch.bfloat16):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = batch_loss(model, rows, 0, "cpu", "decoder")
        loss.backward()
    watched = watch_training(ModelOutline(tiny, strategy), Formats("bfloat16", "bfloat16"), BatchShape(4, 48, 64), checkpointing=False)
    assert watched.peak == pytest.approx(real.peak, rel=0.01)


def test_weights_are_counted_by_kind(tiny: ModelSource) -> None:
    sizes = ModelOutline(tiny, LORA).sizes
    assert (sizes.base, sizes.packed) == (5_414_720, 4 * (4 * 320 * 320 + 3 * 320 * 640)), "linear layers, without the tied output"
    assert sizes.adapter == sizes.trained == 4 * 4 * (4 * (320 + 320) + 3 * (320 + 640))
    assert ModelOutline(tiny, FULL).sizes.trained == 5_414_720


def test_cutting_layers_changes_nothing(tiny: ModelSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of the model with all of its four layers takes what follows from those with one and two."""
    for used in (LORA, DORA, FULL):
        outline, batch = ModelOutline(tiny, used), BatchShape(2, 64, 20)
        cut = watch_training(outline, WIDE, batch, checkpointing=False)
        outline.__dict__["_layers"] = None
        whole = watch_training(outline, WIDE, batch, checkpointing=False)
        assert cut.peak == pytest.approx(whole.peak, rel=1e-3)
        assert cut.flops == pytest.approx(whole.flops)
        assert cut.operations == pytest.approx(whole.operations, rel=0.005), "what dropout draws from is made once"


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> ModelSource:
    """With more layers than those that are watched, so that keys and values of all of them take more than the work of one."""
    return resolve_description(str(save_model(tmp_path_factory.mktemp("deep"), "llama", num_hidden_layers=16)))


@pytest.mark.parametrize("written", [0, 40])
@pytest.mark.parametrize("groups", [(), (BatchShape(5, 30, 0), BatchShape(3, 64, 0))], ids=["at-once", "groups"])
@pytest.mark.parametrize("shared", [0, 20])
def test_cutting_layers_changes_no_answer(deep: ModelSource, written: int, groups: tuple[BatchShape, ...], shared: int) -> None:
    outline, batch = ModelOutline(deep, Strategy(name="b", method="prompt")), BatchShape(8, 64, 0)
    cut = watch_answers(outline, WIDE, batch, groups=groups, written=written, shared=shared)
    outline.__dict__["_layers"] = None
    whole = watch_answers(outline, WIDE, batch, groups=groups, written=written, shared=shared)
    assert cut.peak == pytest.approx(whole.peak, rel=1e-3)
    assert (cut.reading.peak, cut.writing.peak) == pytest.approx((whole.reading.peak, whole.writing.peak), rel=1e-3)
    assert (cut.reading.flops, cut.writing.flops) == pytest.approx((whole.reading.flops, whole.writing.flops))


def test_flops_are_those_of_the_known_formula(tiny: ModelSource) -> None:
    """Six operations for each weight of the layers and token where all are trained, four where they are frozen (Kaplan and others 2020,
    appendix B), and those of attention and of logits at the targets."""
    batch = BatchShape(2, 128, 10, is_padded=False)
    tokens, layers, width, vocabulary = 2 * 128, 4, 320, 4096
    attention = 7 * 2 * tokens * 128 * width * layers
    logits = 3 * 2 * 10 * width * vocabulary
    full = watch_training(ModelOutline(tiny, FULL), WIDE, batch, checkpointing=False)
    assert full.flops == pytest.approx(6 * tokens * 4_096_000 + attention + logits, rel=0.01)
    lora = watch_training(ModelOutline(tiny, LORA), WIDE, batch, checkpointing=False)
    adapter = 6 * tokens * 4 * 4 * (4 * (320 + 320) + 3 * (320 + 640))
    assert lora.flops == pytest.approx(4 * tokens * 4_096_000 + adapter + attention + logits, rel=0.05), (
        "the first layer passes no gradient on"
    )


def test_a_compiled_training_keeps_one_tensor_less_of_each_gated_layer(tiny: ModelSource) -> None:
    """Of 640 numbers in float32 for each token of the four layers."""
    outline, batch, formats = ModelOutline(tiny, FULL), BatchShape(2, 128, 10, is_padded=False), Formats("float32", None, on_cpu=True)
    plain, compiled = (watch_training(outline, formats, batch, checkpointing=False, compiles=compiles) for compiles in (False, True))
    assert plain.peaks["forward"] - compiled.peaks["forward"] == pytest.approx(2 * 128 * 640 * 4 * 4, rel=0.05)
    assert plain.flops == compiled.flops


def test_memory_of_long_sequences_grows_with_their_length(tiny: ModelSource) -> None:
    """From 1,536 to 6,144 tokens in one example: fourfold, because fused attention keeps no matrix of scores. With checkpointing, less than
    a third remains, at the price of a second forward pass."""
    outline = ModelOutline(tiny, LORA)
    short, long = (
        watch_training(outline, WIDE, BatchShape(1, tokens, 100, is_padded=False), checkpointing=False) for tokens in (1536, 6144)
    )
    assert long.peak == pytest.approx(4 * short.peak, rel=0.05)
    assert long.flops > 4.5 * short.flops, "attention grows with the square"
    kept = watch_training(outline, WIDE, BatchShape(1, 6144, 100, is_padded=False), checkpointing=True)
    assert kept.peak < 0.45 * long.peak
    assert kept.flops > 1.3 * long.flops


def test_logits_count_only_at_targets(tiny: ModelSource) -> None:
    outline = ModelOutline(tiny, FULL)
    few, many = (watch_training(outline, WIDE, BatchShape(1, 512, targets), checkpointing=False).peak for targets in (8, 511))
    assert many - few > 503 * 4096 * 4, "at least one number of float32 for each further target and word"


def test_keys_and_values_are_part_of_an_answer(tiny: ModelSource) -> None:
    outline = ModelOutline(tiny, Strategy(name="b", method="prompt"))
    answers = watch_answers(outline, WIDE, BatchShape(8, 256, 0))
    assert answers.reading.peak > 2 * 8 * 256 * 320 * 4 * 4, "keys and values of 8 × 256 tokens in 4 layers"
    assert 0 < answers.writing.flops < answers.reading.flops / 100


@pytest.mark.parametrize("strategy", [Strategy(name="b", method="prompt"), LORA], ids=["base", "lora"])
@pytest.mark.parametrize("lengths", [(40, 44, 150, 160, 170), (100, 101)], ids=["groups", "at-once"])
@pytest.mark.parametrize("model_name", ["tiny", "deep"])
def test_answers_take_what_they_allocate(
    model_name: str, strategy: Strategy, lengths: tuple[int, ...], request: pytest.FixtureRequest
) -> None:
    """With bfloat16, prompts that are read in groups, what torch allocates inside its operations, and no copies of weights."""
    source: ModelSource = request.getfixturevalue(model_name)
    prompts, room = [[5 + i, *[7] * (length - 1)] for length in lengths for i in range(12)], 40
    groups = list_groups(load_description(source).model.config, [*map(len, prompts)], "cpu")
    shapes = [BatchShape(len(group), max(len(prompts[i]) for i in group), 0) for group in groups]
    watched = watch_answers(
        ModelOutline(source, strategy),
        Formats("bfloat16", "bfloat16", on_cpu=True),
        BatchShape(len(prompts), max(lengths), 0),
        groups=(shapes[0], *sorted(shapes[1:], key=lambda each: -each.rows * each.tokens)[:1]),
        written=room,
    )
    model = load_model(source, Device("cpu", "a CPU", "bfloat16")).model
    model = (adapt(model, strategy, 0) if strategy.adapter else model).eval()
    real = peak_of(lambda: generate(model, prompts, max_new_tokens=room, stop_ids=(), pad_id=0))
    assert watched.peak == pytest.approx(real, rel=0.05)


@pytest.mark.parametrize("strategy", [Strategy(name="b", method="prompt"), LORA], ids=["base", "lora"])
def test_choosing_labels_takes_what_it_allocates(tiny: ModelSource, strategy: Strategy) -> None:
    prompts, labels = [[5 + i, *[7] * 79] for i in range(48)], [[9, 10 + i, 11] for i in range(4)]
    model = load_model(tiny, Device("cpu", "a CPU", "bfloat16")).model
    model = (adapt(model, strategy, 0) if strategy.adapter else model).eval()
    scorer = LabelScorer(model, labels, 0)
    scorer(prompts[:2])  # compares two ways to choose
    formats, nodes = Formats("bfloat16", "bfloat16", on_cpu=True), len(LabelTree.of(labels).tokens)
    watched = watch_answers(ModelOutline(tiny, strategy), formats, BatchShape(len(prompts), 80, 0, is_padded=False), nodes=nodes)
    assert watched.peak == pytest.approx(peak_of(lambda: scorer(prompts)), rel=0.05)


def test_a_token_of_a_model_with_lora_takes_two_small_products_of_each_layer_more(tiny: ModelSource) -> None:
    """A and B get the format of the model once for a batch, when its prompts are read. With DoRA, each output is scaled, too, without the
    bias that most layers of attention have here; norms are not computed again."""
    rows, ranked = 8, 4 * 4 * (4 * (320 + 320) + 3 * (320 + 640))  # weights of A and B
    base, lora, scaled = (
        watch_answers(ModelOutline(tiny, each), Formats("bfloat16", None), BatchShape(rows, 64, 0), written=16)
        for each in (Strategy(name="b", method="prompt"), LORA, DORA)
    )
    layers, with_bias = 4 * 7, 4 * 4
    assert lora.writing.flops == scaled.writing.flops == base.writing.flops + 2 * rows * ranked
    assert lora.writing.operations == base.writing.operations + 2 * layers
    assert lora.writing.moved == base.writing.moved
    assert scaled.writing.operations == lora.writing.operations + layers + 2 * with_bias
    assert lora.reading.operations == base.reading.operations + 5 * layers, "two products, and three operations that make their factors"


@pytest.mark.parametrize("family", ["t5", "bart", "bert", "distilbert"])
def test_every_shape_can_be_watched(tmp_path, family: str) -> None:
    source = resolve_description(str(save_model(tmp_path / family, family)))
    outline = ModelOutline(source, LORA, labels=("a", "b") if family in ("bert", "distilbert") else ())
    step = watch_training(outline, WIDE, BatchShape(2, 32, 8), checkpointing=False)
    answers = watch_answers(outline, WIDE, BatchShape(2, 32, 0))
    assert step.peak > answers.reading.peak > 0
    assert step.flops > answers.reading.flops > 0


def test_models_with_convolutions_can_be_watched(tmp_path) -> None:
    """Their layers do not all keep keys and values, so that no room is made for the tokens to come."""
    sizes = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96}
    config = {"model_type": "lfm2", "architectures": ["Lfm2ForCausalLM"], "vocab_size": 128, "layer_types": ["conv", "full_attention"]}
    (tmp_path / "config.json").write_text(json.dumps(config | sizes))
    outline, batch = ModelOutline(resolve_description(str(tmp_path)), Strategy(name="b", method="prompt")), BatchShape(4, 32, 0)
    written = watch_answers(outline, WIDE, batch, written=16)
    assert written.reading.peak == watch_answers(outline, WIDE, batch).reading.peak
    assert written.writing.flops > 0


def test_layers_that_read_an_image_stay_empty_without_one(tmp_path) -> None:
    """The others keep their places in the cache: a token takes as many operations behind outputs as behind the prompt alone."""
    text = {"hidden_size": 64, "num_hidden_layers": 6, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96}
    text |= {
        "vocab_size": 128,
        "pad_token_id": 0,
        "cross_attention_layers": [1, 3],
        "rope_scaling": {"rope_type": "default", "rope_theta": 10_000.0},
    }
    vision = {"hidden_size": 32, "num_hidden_layers": 1, "num_global_layers": 1, "attention_heads": 2, "intermediate_size": 32}
    vision |= {"image_size": 28, "patch_size": 14, "vision_output_dim": 64, "intermediate_layers_indices": [0]}
    config = {"model_type": "mllama", "architectures": ["MllamaForConditionalGeneration"], "text_config": text, "vision_config": vision}
    (tmp_path / "config.json").write_text(json.dumps(config))
    outline, batch = ModelOutline(resolve_description(str(tmp_path)), Strategy(name="b", method="prompt")), BatchShape(4, 32, 0)
    alone, behind = (watch_answers(outline, WIDE, batch, written=written).writing for written in (0, 16))
    assert behind.operations == alone.operations
    assert 0 < alone.flops < behind.flops, "attention reads more"


def test_a_config_alone_is_enough(tmp_path, tiny: ModelSource) -> None:
    (tmp_path / "config.json").write_text((tiny.folder / "config.json").read_text())
    alone = ModelOutline(resolve_description(str(tmp_path)), LORA)
    assert alone.sizes == ModelOutline(tiny, LORA).sizes
