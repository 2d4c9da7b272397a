"""Attention and norms of a training on a CPU: the same losses and gradients as the layers of transformers, to rounding."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Gemma2Config,
    Gemma2ForCausalLM,
    GemmaConfig,
    GemmaForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from harness.engine.tuning import KeyedRandom, fused_layers
from harness.engine.tuning.cpu_attention import cpu_attention
from harness.engine.tuning.fused_norms import fused_norms

SMALL = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 60}
GROUPED = {**SMALL, "num_key_value_heads": 2, "pad_token_id": 0}
MODELS: dict[str, tuple[Any, Any]] = {
    "llama": (LlamaForCausalLM, LlamaConfig(**GROUPED)),
    "mistral, a window of 3 tokens": (MistralForCausalLM, MistralConfig(**GROUPED, sliding_window=3)),
    "qwen3, norms of heads": (Qwen3ForCausalLM, Qwen3Config(**GROUPED, head_dim=8)),
    "phi3": (Phi3ForCausalLM, Phi3Config(**GROUPED)),
    "gemma, weights around 0": (GemmaForCausalLM, GemmaConfig(**GROUPED, head_dim=8)),
    "gemma2, limited scores": (Gemma2ForCausalLM, Gemma2Config(**GROUPED, head_dim=8, query_pre_attn_scalar=8)),
    "bert, an encoder": (BertForSequenceClassification, BertConfig(**SMALL, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)),
}


def build(name: str) -> Any:
    torch.manual_seed(3)
    kind, config = MODELS[name]
    model = kind(config).train()
    with torch.no_grad():
        for weight in model.parameters():  # norms and biases that are not 1 and 0
            weight.add_(0.1 * torch.randn_like(weight))
    return model


def gradients(model: Any, context: Any, *, padded: bool = True, autocast: bool = False) -> list[torch.Tensor]:
    """The loss of a batch, and the gradients of all weights."""
    ids = torch.randint(1, 60, (3, 9), generator=torch.Generator().manual_seed(5))
    mask = torch.ones_like(ids)
    if padded:
        mask[1, 5:] = 0
        mask[2, 2:] = 0
    model.zero_grad()
    with context:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            logits = model(input_ids=ids, attention_mask=mask).logits
        loss = (logits.float().log_softmax(-1)[..., 0] * (mask if logits.dim() == 3 else 1)).sum()
        loss.backward()
    return [loss.detach(), *(weight.grad.clone() for weight in model.parameters() if weight.grad is not None)]


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_losses_and_gradients_are_those_of_transformers(name: str, padded: bool) -> None:
    model = build(name)
    expected, found = gradients(model, nullcontext(), padded=padded), gradients(model, fused_layers(model, "cpu"), padded=padded)
    assert len(found) == len(expected) > 10
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_in_bfloat16_they_are_as_near_to_float32() -> None:
    model = build("llama")
    exact = gradients(model, nullcontext())
    errors = []
    for context in (nullcontext(), fused_layers(model, "cpu")):
        found = gradients(model, context, autocast=True)
        errors.append(sum(float((one - other).norm()) for one, other in zip(found[1:], exact[1:], strict=True)))
    assert 0 < errors[1] < 1.1 * errors[0]


def test_without_gradients_a_model_computes_the_same() -> None:
    """The likelihoods of a reference, which are compared with those of the model that learns from pairs."""
    model, ids, logits = build("llama"), torch.arange(1, 28).view(3, 9), []
    for learns in (True, False):
        with fused_layers(model, "cpu"), torch.set_grad_enabled(learns), torch.autocast("cpu", dtype=torch.bfloat16):
            logits.append(model(input_ids=ids).logits.detach())
    assert torch.equal(*logits)


def test_numbers_of_64_bits_are_not_rounded() -> None:
    model = build("llama").double()
    expected, found = gradients(model, nullcontext()), gradients(model, cpu_attention())
    for one, other in zip(found[1:], expected[1:], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


def test_dropped_attention_weights_are_the_same() -> None:
    config = LlamaConfig(**GROUPED, attention_dropout=0.3)
    torch.manual_seed(3)
    model, losses = LlamaForCausalLM(config).train(), []
    for inside in (True, False):
        random = KeyedRandom(seed=3)
        with random.replacing_dropout():
            random.begin(1, range(3))
            losses.append(gradients(model, fused_layers(model, "cpu") if inside else nullcontext())[0])
    torch.testing.assert_close(losses[0], losses[1])
    assert abs(losses[0] - gradients(model.eval(), nullcontext())[0]) > 1e-3, "something is dropped"


def test_other_norms_and_watched_ones_are_left_to_transformers() -> None:
    for name, expected in (("llama", 5), ("gemma, weights around 0", 0), ("bert, an encoder", 0)):
        model = build(name)
        with fused_norms(model):
            assert sum("forward" in vars(module) for module in model.modules()) == expected, name
    model, seen = build("llama"), []
    model.model.norm.register_forward_hook(lambda *values: seen.append(values))
    gradients(model, fused_norms(model))
    assert len(seen) == 1


def test_afterwards_transformers_is_as_before_in_whatever_order_trainings_end() -> None:
    before = ALL_ATTENTION_FUNCTIONS["sdpa"]
    first, second = cpu_attention(), cpu_attention()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert ALL_ATTENTION_FUNCTIONS["sdpa"] is not before, "the second training is not at its end"
    second.__exit__(None, None, None)
    assert ALL_ATTENTION_FUNCTIONS["sdpa"] is before
    model = build("llama")
    with pytest.raises(RuntimeError), fused_layers(model, "cpu"):
        raise RuntimeError("a step failed")
    assert ALL_ATTENTION_FUNCTIONS["sdpa"] is before and not any("forward" in vars(module) for module in model.modules())


def test_another_device_computes_as_before() -> None:
    model, before = build("llama"), ALL_ATTENTION_FUNCTIONS["sdpa"]
    with fused_layers(model, "cuda"):
        assert ALL_ATTENTION_FUNCTIONS["sdpa"] is before and not any("forward" in vars(module) for module in model.modules())
