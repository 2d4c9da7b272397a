"""4-bit training gives the gradients of the same weights unpacked, also after an evaluation.

bitsandbytes repacks 4-bit weights on CPUs with AVX512-BF16 at the first forward pass without gradients; training after that ran
without an error and with wrong gradients (cosine about 0.2).
"""

import copy

import pytest
import torch
import torch.nn.functional as F

from harness.engine.adapters import adapt
from harness.engine.adapters.peft_methods import _FOUR_BIT
from harness.engine.models import load_model
from harness.engine.tuning.batches import collate
from harness.engine.tuning.loss import completion_loss
from harness.types import QuantizationSpec, Strategy, TrainSpec

ADAPTER = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "lora_dropout": 0.0, "target_modules": "all-linear"}


def strategy(quantization=None):
    return Strategy(name="s", method="peft", adapter=ADAPTER, quantization=quantization, train=TrainSpec())


def unpacked(packed, plain):
    """The plain model with every 4-bit weight of the packed one written out in float32."""
    from bitsandbytes.functional import dequantize_4bit

    modules = dict(plain.named_modules())
    with torch.no_grad():
        for name, module in packed.named_modules():
            state = getattr(getattr(module, "weight", None), "quant_state", None)
            if state is not None:
                modules[name].weight.copy_(dequantize_4bit(module.weight.data, state).to(torch.float32))
    return plain


def gradients(model, batch):
    model.train()
    model.zero_grad()
    completion_loss(model, batch).backward()
    return torch.cat([p.grad.flatten() for _, p in sorted(model.named_parameters()) if p.requires_grad])


def randomized(model):
    """LoRA starts with B = 0, where the gradient of A is 0: give B some values."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if "lora_B" in name:
                p.copy_(torch.randn(p.shape, generator=generator) * 0.02)
    return model


@pytest.mark.parametrize("kind", ["nf4", "fp4"])
def test_gradients_after_an_evaluation_equal_those_of_unpacked_weights(tiny, device, rows, kind):
    packed = load_model(tiny, device, quantization=QuantizationSpec(type=kind))
    plain = unpacked(packed.model, load_model(tiny, device).model)
    quantized = [m for m in packed.model.modules() if type(m).__name__ == "Linear4bit"]
    assert quantized, "nothing was quantized"
    batch = collate(rows[:6], packed.tokenizer.pad_token_id, "cpu")
    model = randomized(adapt(packed.model, strategy(QuantizationSpec(type=kind)), 0))
    reference = randomized(adapt(plain, strategy(), 0))
    model.eval()
    with torch.no_grad():  # the trap: an evaluation before training
        before = completion_loss(model, batch)
    ours, right = gradients(model, batch), gradients(reference, batch)
    assert torch.isfinite(before)
    assert F.cosine_similarity(ours, right, dim=0) > 0.9999
    torch.testing.assert_close(ours, right, rtol=2e-3, atol=1e-5)


def test_lora_and_qlora_train_the_same_parameters(tiny, device):
    lora = adapt(load_model(tiny, device).model, strategy(), 5)
    qlora = adapt(load_model(tiny, device, quantization=QuantizationSpec()).model, strategy(QuantizationSpec()), 5)
    ours = {n: p for n, p in lora.named_parameters() if p.requires_grad}
    theirs = {n: p for n, p in qlora.named_parameters() if p.requires_grad}
    assert ours.keys() == theirs.keys()
    assert all(p.dtype == torch.float32 for p in theirs.values()), "adapters stay in float32"
    assert all(torch.equal(ours[n], theirs[n]) for n in ours), "the same seed draws the same adapter"


def test_four_bit_weights_take_less_memory_for_the_same_parameters(tiny, device):
    plain, packed = load_model(tiny, device), load_model(tiny, device, quantization=QuantizationSpec())
    assert packed.parameters == plain.parameters
    assert packed.model.get_memory_footprint() < 0.5 * plain.model.get_memory_footprint()


def test_quantization_changes_the_outputs_a_little(tiny, device, rows):
    batch = collate(rows[:6], 0, "cpu")
    with torch.no_grad():
        exact = completion_loss(load_model(tiny, device).model, batch)
        rough = completion_loss(copy.copy(load_model(tiny, device, quantization=QuantizationSpec()).model), batch)
    assert exact != rough
    torch.testing.assert_close(exact, rough, rtol=0.25, atol=0.0)


@pytest.mark.parametrize("kind", sorted(_FOUR_BIT))
def test_methods_compute_the_same_on_four_bits_as_on_unpacked_weights(kind, tiny, device, rows):
    """Loss and gradients; a method that took the packed bytes for weights would differ, or fail."""
    packed = load_model(tiny, device, quantization=QuantizationSpec()).model
    plain = unpacked(packed, load_model(tiny, device).model)
    batch = collate(rows[:4], 0, "cpu")
    needed = {"VBLORA": {"vector_length": 32}, "TRAINABLE_TOKENS": {"token_indices": [3]}}
    soft = {"num_virtual_tokens": 3} if kind in ("CARTRIDGE", "PREFIX_TUNING", "PROMPT_TUNING", "P_TUNING") else {}
    fields = {"peft_type": kind} | soft | needed.get(kind, {})
    losses, gradients = [], []
    drawn = {}
    for model, quantization in ((plain, None), (packed, QuantizationSpec())):
        adapted = adapt(model, Strategy(name="s", method="peft", adapter=fields, quantization=quantization, train=TrainSpec()), 1)
        adapted.eval()
        generator = torch.Generator().manual_seed(0)
        trained = sorted((name, p) for name, p in adapted.named_parameters() if p.requires_grad)
        with torch.no_grad():  # methods that begin as nothing would hide a mistake
            for name, p in trained:
                p.copy_(drawn.setdefault(name, p + 0.02 * torch.randn(p.shape, generator=generator)))
        loss = completion_loss(adapted, batch)
        loss.backward()
        losses.append(loss.detach())
        gradients.append(torch.cat([p.grad.flatten() for _, p in trained]))
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-3, atol=1e-3)
    assert F.cosine_similarity(*gradients, dim=0) > 0.999
