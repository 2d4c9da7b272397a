"""Mixtures of experts: all of their weights are in memory, a token passes through some of them, and 4-bit formats leave them as they
are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from allocations import Allocations
from tiny_models import save_model

from harness.engine.adapters import adapt
from harness.engine.models import Device, load_model, resolve_description, resolve_model
from harness.engine.tuning import EncodedExample, KeyedRandom, batch_loss, fused_lora
from harness.forecast.memory_forecast import PLACEMENTS, Placement, training_memory
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.trials.model import build_trial_model
from harness.forecast.trials.size import count_tried
from harness.forecast.watched_steps import BatchShape, watch_answers, watch_training
from harness.types import MemoryStep, QuantizationSpec, Strategy, TrainSpec

WIDE = Formats("float32", None)
ADAPTER = {"peft_type": "LORA", "r": 4, "lora_dropout": 0.1, "target_modules": "all-linear"}
FULL = Strategy(name="f", method="full", train=TrainSpec())
LORA = Strategy(name="l", method="peft", train=TrainSpec(), adapter=ADAPTER)
QLORA = LORA.model_copy(update={"quantization": QuantizationSpec()})
STEPS: tuple[MemoryStep, MemoryStep] = ("as-planned", "offloaded-weights")
BASE = Strategy(name="b", method="prompt")
MIXTRAL = {  # mistralai/Mixtral-8x7B-v0.1
    "model_type": "mixtral", "architectures": ["MixtralForCausalLM"], "hidden_size": 4096, "intermediate_size": 14336,
    "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "num_local_experts": 8, "num_experts_per_tok": 2,
    "vocab_size": 32000, "max_position_embeddings": 32768, "sliding_window": None,
}  # fmt: skip
QWEN = {  # Qwen/Qwen3-30B-A3B
    "model_type": "qwen3_moe", "architectures": ["Qwen3MoeForCausalLM"], "hidden_size": 2048, "intermediate_size": 6144,
    "moe_intermediate_size": 768, "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 128,
    "num_experts": 128, "num_experts_per_tok": 8, "norm_topk_prob": True, "decoder_sparse_step": 1, "mlp_only_layers": [],
    "vocab_size": 151936, "max_position_embeddings": 40960, "tie_word_embeddings": False,
}  # fmt: skip


def outline(folder: Path, config: dict[str, object], strategy: Strategy) -> ModelOutline:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    return ModelOutline(resolve_description(str(folder)), strategy)


@pytest.mark.parametrize(("config", "total", "active"), [(MIXTRAL, 46.7e9, 12.9e9), (QWEN, 30.5e9, 3.3e9)], ids=["mixtral", "qwen3_moe"])
def test_weights_are_all_experts_and_work_is_that_of_active_ones(
    tmp_path: Path, config: dict[str, object], total: float, active: float
) -> None:
    """The counts that the makers publish (Mistral's announcement of Mixtral 8x7B, the model card of Qwen3-30B-A3B): a token takes two
    operations for each active weight that multiplies, and those of attention. Embeddings are looked up, and logits needed at one place."""
    model, batch = outline(tmp_path / "m", config, BASE), BatchShape(1, 512, 0, is_padded=False)
    assert model.sizes.base == pytest.approx(total, rel=0.003)
    assert count_tried(model) == pytest.approx(total * 3 / config["num_hidden_layers"], rel=0.5), "three layers with all of their experts"
    reading = watch_answers(model, Formats("bfloat16", None), batch).reading
    vocabulary = 2 * config["vocab_size"] * config["hidden_size"]
    heads = config["num_attention_heads"] * config.get("head_dim", 128)
    attention = 2 * 2 * 512 * 512 * heads * config["num_hidden_layers"]
    assert reading.flops - attention == pytest.approx(2 * 512 * (active - vocabulary), rel=0.03)


@pytest.mark.parametrize(("family", "strategy"), [("mixtral", LORA), ("qwen3_moe", FULL)], ids=["mixtral-lora", "qwen3_moe-full"])
def test_a_watched_step_takes_what_the_step_allocates(tmp_path: Path, family: str, strategy: Strategy) -> None:
    folder = save_model(tmp_path / family, family)
    loaded = load_model(resolve_model(str(folder)), Device("cpu", "a CPU", "float32"), full_precision=True)
    model = adapt(loaded.model, strategy, 0).train()
    parameters = [*model.parameters()]
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None
    rows = [EncodedExample((5,) * (48 - 16 - (i == 0)), (6,) * 16) for i in range(4)]
    random = KeyedRandom(seed=0)
    random.begin(1, range(4))
    known = [*parameters, *model.buffers(), *(parameter.grad for parameter in parameters if parameter.grad is not None)]
    with Allocations(known) as real, random.replacing_dropout(), fused_lora(model, random, None):
        batch_loss(model, rows, 0, "cpu", "decoder").backward()
    watched = watch_training(ModelOutline(resolve_description(str(folder)), strategy), WIDE, BatchShape(4, 48, 64), checkpointing=False)
    assert watched.peak == pytest.approx(real.peak, rel=0.05)


def test_more_experts_take_memory_and_more_of_a_token_take_time(tmp_path: Path) -> None:
    few, many, busy = (
        outline(tmp_path / str(i), MIXTRAL | {"num_hidden_layers": 3} | change, FULL)
        for i, change in enumerate(({}, {"num_local_experts": 16}, {"num_experts_per_tok": 4}))
    )
    batch = BatchShape(1, 256, 16, is_padded=False)
    flops = [watch_training(each, WIDE, batch, checkpointing=False).flops for each in (few, many, busy)]
    assert many.sizes.base > 1.8 * few.sizes.base and busy.sizes.base == few.sizes.base
    assert flops[1] == pytest.approx(flops[0], rel=0.01), "the router alone has more to do"
    expert = 6 * 256 * 3 * 3 * 4096 * 14336
    assert flops[2] - flops[0] == pytest.approx(2 * expert, rel=0.01), "two experts more for each token"


def test_the_experts_of_a_layer_can_leave_the_device_with_it(tmp_path: Path) -> None:
    """Frozen weights that come layer by layer: what stays is two layers of 32, embeddings and logits."""
    model = outline(tmp_path / "m", MIXTRAL, LORA)
    formats = Formats("bfloat16", "bfloat16")
    step = watch_training(model, formats, BatchShape(1, 64, 16, is_padded=False), checkpointing=True)
    whole, offloaded = (
        training_memory(model, formats, step, "cuda", later=step, placement=PLACEMENTS.get(each, Placement())) for each in STEPS
    )
    assert whole.weights == 2 * model.sizes.base
    assert offloaded.weights == pytest.approx(2 * (2 * 32000 * 4096 + 2 * 1.451e9), rel=0.01)


def test_four_bits_leave_experts_as_they_are(tmp_path: Path) -> None:
    """bitsandbytes packs linear layers; experts are one tensor. Compared with the bytes of a packed model."""
    source = resolve_description(str(save_model(tmp_path / "mixtral", "mixtral")))
    watched = ModelOutline(source, QLORA)
    packed = build_trial_model(watched, WIDE, "cpu", None, trains=True)
    real = sum(p.numel() * p.element_size() for name, p in packed.named_parameters() if "lora_" not in name)
    weights, _ = watched.sizes.base_bytes(4, QLORA.quantization)
    assert weights == real
    assert watched.sizes.packed == 2 * (2 * 64 * 64 + 2 * 64 * 32), "those of attention"
