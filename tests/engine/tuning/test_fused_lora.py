"""LoRA layers in one function: the outputs, gradients and masks of PEFT's own layers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from adapted_layers import Two, packed
from cpu_allocations import peak_of

from harness.engine.tuning import KeyedRandom, fused_lora
from harness.engine.tuning.fused_lora import joint_lora, plain_lora_layers
from tests.engine.tuning.layer_passes import EXAMPLES, TOKENS, Parallel, adapted, compute, inputs


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lora_dropout": 0.3},
        {"use_rslora": True, "lora_dropout": 0.1},
        {"base": packed, "lora_dropout": 0.2},
        {"base": packed},
        {"base": Parallel},
        {"base": Parallel, "lora_dropout": 0.2},
        {"bias": "lora_only"},
    ],
    ids=["plain", "dropout", "rslora", "4-bit-dropout", "4-bit", "written-into", "written-into-dropout", "trained-bias"],
)
@pytest.mark.parametrize("shape", [(EXAMPLES, TOKENS), (TOKENS,)], ids=["examples", "tokens"])
def test_outputs_and_gradients_are_those_of_peft(options: dict[str, Any], shape: tuple[int, ...]) -> None:
    options = dict(options)
    base = options.pop("base", Two)()
    model, x = adapted(base, **options), inputs(*shape)
    ours, theirs = compute(model, x, fused=True), compute(model, x, fused=False)
    assert len(ours) == (7 if "bias" in options else 6)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)
    assert all(each.abs().max() > 0.01 for each in ours)


def test_in_bfloat16_gradients_are_as_near_to_those_in_float32() -> None:
    model, x = adapted(lora_dropout=0.1), inputs(EXAMPLES, TOKENS)
    exact = compute(model, x, fused=False)
    ours, theirs = (compute(model, x, fused=fused, autocast=torch.bfloat16) for fused in (True, False))
    for wanted, a, b in zip(exact, ours, theirs, strict=True):
        assert (a - wanted).norm() < 1.1 * (b - wanted).norm() + 1e-3 * wanted.norm()


def test_a_layer_may_get_no_tokens() -> None:
    """As an expert that no token has chosen."""
    model, x = adapted(lora_dropout=0.2), inputs(0)
    output, into_x, *gradients = compute(model, x, fused=True)
    assert output.shape == into_x.shape == x.shape
    assert len(gradients) == 4 and not any(each.any() for each in gradients)


def test_adapters_with_a_bias_are_left_to_peft() -> None:
    model, x = adapted(lora_bias=True, target_modules=["second"]), inputs(EXAMPLES, TOKENS)
    for a, b in zip(compute(model, x, fused=True), compute(model, x, fused=False), strict=True):
        assert torch.equal(a, b)


def test_an_adapter_that_is_switched_off_changes_nothing() -> None:
    """As in preference tuning, whose reference is the model without its adapter."""
    model, x = adapted(), inputs(EXAMPLES, TOKENS)
    random = KeyedRandom(seed=3)
    with fused_lora(model, random, None), model.disable_adapter():
        assert torch.equal(model(x), model.get_base_model()(x))
        reference = model(x)
    assert not torch.equal(model(x), reference)


def test_a_layer_is_as_it_was_after_training() -> None:
    model, x = adapted(lora_dropout=0.5).eval(), inputs(EXAMPLES, TOKENS)
    before = model(x)
    with pytest.raises(RuntimeError), fused_lora(model, KeyedRandom(seed=3), None):
        raise RuntimeError
    assert torch.equal(model(x), before)
    assert not any("forward" in vars(module) for module in model.modules())


def test_frozen_inputs_get_no_gradient_and_none_is_computed() -> None:
    model = adapted()
    x = inputs(EXAMPLES, TOKENS).detach()
    with fused_lora(model, KeyedRandom(seed=3), None):
        model(x).sum().backward()
    assert x.grad is None and all(each.grad is not None for each in model.parameters() if each.requires_grad)


def test_a_step_keeps_less_than_with_layers_of_peft() -> None:
    model, x = adapted(lora_dropout=0.1), inputs(EXAMPLES, 400, dtype=torch.bfloat16)
    ours, theirs = (peak_of(lambda fused=fused: compute(model, x, fused=fused, autocast=torch.bfloat16)) for fused in (True, False))
    assert ours < 0.8 * theirs


def test_the_scales_of_adapters_that_are_computed_together_are_not_rounded():
    """Between 3 and 3.0156, bfloat16 has no number: a rounded scale would be wrong by 0.26%."""
    model = adapted(lora_alpha=4 * 3.0078)
    x = inputs(2, TOKENS, dtype=torch.bfloat16).detach()
    layers = plain_lora_layers(model)
    random = KeyedRandom(3)
    outputs = {}
    for way in ("alone", "together"):
        context = fused_lora(model, random, torch.bfloat16)
        if way == "together":
            context = joint_lora([layers, plain_lora_layers(adapted(lora_alpha=4 * 3.0078))], [1, 1], random, torch.bfloat16)
        with context, torch.no_grad():
            outputs[way] = layers[0](x).float()
    plain = layers[0].base_layer(x.float())
    added = {way: (output - plain).flatten() for way, output in outputs.items()}
    ratio = added["together"] @ added["alone"] / (added["alone"] @ added["alone"])
    assert ratio.item() == pytest.approx(1, abs=5e-4)
