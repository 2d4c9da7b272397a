"""DoRA layers in one function: the outputs, gradients, norms and losses of PEFT's own layers."""

from __future__ import annotations

import copy
import sys
from typing import Any

import pytest
import torch
from adapted_layers import WIDTH, Two, packed
from cpu_allocations import peak_of
from torch import nn

from harness.engine.tuning import KeyedRandom, fused_lora
from tests.engine.tuning.layer_passes import EXAMPLES, TOKENS, Parallel, adapted, compute, inputs
from tests.engine.tuning.small_trainings import LORA, gpt2, llama, train_small


def transposed() -> nn.Module:
    """With the layers of GPT-2."""
    from transformers.pytorch_utils import Conv1D

    torch.manual_seed(0)
    model = Two()
    model.first, model.second = Conv1D(3 * WIDTH, WIDTH), Conv1D(WIDTH, 3 * WIDTH)
    return model


def dora(base: nn.Module | None = None, **options: Any) -> Any:
    """An adapter as after some steps: magnitudes are no longer the norms."""
    model = adapted(base, use_dora=True, **options)
    for name, parameter in model.named_parameters():
        if "magnitude" in name:
            parameter.data *= 1 + 0.3 * torch.randn(parameter.shape)
    return model


@pytest.fixture
def left_to_peft(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[fused_lora.__module__], "is_dora", lambda module: False)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lora_dropout": 0.3},
        {"use_rslora": True, "lora_dropout": 0.1},
        {"base": packed},
        {"base": packed, "lora_dropout": 0.2},
        {"base": transposed, "fan_in_fan_out": True},
        {"base": transposed, "fan_in_fan_out": True, "lora_dropout": 0.2},
        {"base": Parallel},
        {"base": Parallel, "lora_dropout": 0.2},
        {"r": 2 * WIDTH, "lora_dropout": 0.2},
        {"bias": "lora_only"},
    ],
    ids=[
        "plain", "dropout", "rslora", "4-bit", "4-bit-dropout", "transposed", "transposed-dropout", "written-into", "written-into-dropout",
        "rank-above-width", "trained-bias",
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", [(EXAMPLES, TOKENS), (TOKENS,)], ids=["examples", "tokens"])
def test_outputs_and_gradients_are_those_of_peft(options: dict[str, Any], shape: tuple[int, ...]) -> None:
    options = dict(options)
    model, x = dora(options.pop("base", Two)(), **options), inputs(*shape)
    ours, theirs = compute(model, x, fused=True), compute(model, x, fused=False)
    assert len(ours) == (9 if "bias" in options else 8)
    for a, b in zip(ours, theirs, strict=True):
        assert (a - b).norm() < 1e-5 * b.norm()
        assert a.dtype == b.dtype


@pytest.mark.parametrize(("autocast", "p"), [(torch.bfloat16, 0.0), (torch.bfloat16, 0.1), (torch.float16, 0.1)])
def test_in_16_bits_gradients_are_as_near_to_those_in_float32(autocast: torch.dtype, p: float) -> None:
    model, x = dora(lora_dropout=p), inputs(EXAMPLES, TOKENS)
    exact = compute(model, x, fused=False)
    ours, theirs = (compute(model, x, fused=fused, autocast=autocast) for fused in (True, False))
    for wanted, a, b in zip(exact, ours, theirs, strict=True):
        assert (a - wanted).norm() < 1.1 * (b - wanted).norm() + 1e-3 * wanted.norm()


def test_magnitudes_that_are_near_to_the_norms_are_not_rounded_to_bfloat16() -> None:
    """Between 1 and 1.0078, bfloat16 has no number."""
    layer = adapted(use_dora=True, target_modules=["first"]).get_base_model().first
    layer.lora_magnitude_vector["default"].weight.data.copy_(layer.base_layer.weight.norm(dim=1))
    layer.lora_B["default"].weight.data.zero_()
    x, outputs = inputs(1000).detach().bfloat16(), []
    model = nn.Sequential(layer)
    with fused_lora(model, KeyedRandom(seed=3), torch.bfloat16), torch.no_grad():
        for factor in (1.0, 1.003):
            layer.lora_magnitude_vector["default"].weight.data *= factor
            outputs.append(model(x).float())
    ratio = (outputs[0] * outputs[1]).sum() / outputs[0].square().sum()
    assert ratio.item() == pytest.approx(1.003, abs=2e-4)


def test_a_frozen_magnitude_gets_no_gradient() -> None:
    model, x = dora(lora_dropout=0.1), inputs(EXAMPLES, TOKENS)
    for name, parameter in model.named_parameters():
        if "magnitude" in name:
            parameter.requires_grad_(False)
    ours, theirs = compute(model, x, fused=True), compute(model, x, fused=False)
    assert len(ours) == 6
    for a, b in zip(ours, theirs, strict=True):
        assert (a - b).norm() < 1e-5 * b.norm()


def test_rows_that_the_update_takes_away_are_scaled_as_exactly_as_by_peft() -> None:
    """Their norms are a thousandth of those of W and of the update: sums of squares would leave no digit."""
    model, x = dora(), inputs(EXAMPLES, TOKENS)
    layer = model.get_base_model().first
    with torch.no_grad():
        update = layer.scaling["default"] * layer.lora_B["default"].weight @ layer.lora_A["default"].weight
        layer.base_layer.weight[::2] = -1.001 * update[::2]
    exact = compute(copy.deepcopy(model).double(), x.detach().double().requires_grad_(), fused=False)
    ours, theirs = compute(model, x, fused=True), compute(model, x, fused=False)
    for wanted, a, b in zip(exact, ours, theirs, strict=True):
        assert (a - wanted).norm() < 2 * (b - wanted).norm() + 1e-5 * wanted.norm()
    assert (exact[0] - theirs[0]).norm() > 1e-6 * exact[0].norm(), "rows that are taken away decide"


def test_rows_of_zeros_have_no_direction_as_with_peft() -> None:
    """0 / 0: a training of them ends with an error instead of outputs that no one else computes from its weights."""
    base = Two()
    with torch.no_grad():
        base.first.weight[2] = 0.0
    model = adapted(base, use_dora=True, target_modules=["first"])
    layer = model.get_base_model().first
    with torch.no_grad():
        layer.lora_B["default"].weight[2] = 0.0
        x, random = inputs(EXAMPLES, TOKENS), KeyedRandom(seed=3)
        theirs = layer(x)
        with fused_lora(model, random, None):
            ours = layer(x)
    assert torch.isnan(theirs[..., 2]).all() and torch.isnan(ours).sum() == EXAMPLES * TOKENS
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5, equal_nan=True)


def test_norms_are_those_of_the_present_weights_and_computed_once_for_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where weights change without torch noticing, as kernels of 8-bit optimizers do, and where they are loaded."""
    from peft.utils import integrations

    model, x, random = dora(), inputs(EXAMPLES, TOKENS).detach(), KeyedRandom(seed=3)
    stored = {name: parameter.detach().clone() for name, parameter in model.named_parameters() if parameter.requires_grad}
    read: list[Any] = []
    original = integrations.dequantize_module_weight
    layers = [module for module in model.modules() if hasattr(module, "lora_magnitude_vector")]

    def require_equal(reads: int) -> None:
        """The output is that of PEFT, and norms were computed for so many passes."""
        with monkeypatch.context() as patch:
            patch.setattr(integrations, "dequantize_module_weight", lambda module: read.append(module) or original(module))
            read.clear()
            output = model(x)
        assert len(read) == reads * len(layers)
        forwards = [vars(layer).pop("forward") for layer in layers]
        torch.testing.assert_close(output, model(x), rtol=1e-5, atol=1e-5)
        for layer, forward in zip(layers, forwards, strict=True):
            layer.forward = forward

    def change() -> None:
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.data.mul_(1.1)

    with random.replacing_dropout(), fused_lora(model, random, None):
        for step in (1, 2):
            for micro_batch in range(3):
                random.begin(step, range(EXAMPLES))
                require_equal(reads=int(micro_batch == 0))
            change()
        model.eval()
        require_equal(reads=1)
        require_equal(reads=0)
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if name in stored:
                    parameter.copy_(stored[name])
        require_equal(reads=1)
        model.train()
        random.begin(3, range(EXAMPLES))
        require_equal(reads=1)


@pytest.mark.parametrize("make", [llama, gpt2])
@pytest.mark.parametrize("p", [0.0, 0.2])
def test_losses_of_a_training_are_those_with_layers_of_peft(make: Any, p: float, tmp_path: Any, request: pytest.FixtureRequest) -> None:
    adapter = LORA | {"use_dora": True, "lora_dropout": p}
    _, _, ours = train_small(tmp_path / "ours", make, adapter=adapter, micro_batch_tokens=20, gradient_checkpointing="on")
    request.getfixturevalue("left_to_peft")
    _, _, theirs = train_small(tmp_path / "theirs", make, adapter=adapter)
    assert len(ours) == 8 and ours[-2] < ours[0] - 0.01
    assert ours == pytest.approx(theirs, abs=1e-5)


def test_a_training_that_is_interrupted_has_the_same_losses(tmp_path: Any) -> None:
    adapter = LORA | {"use_dora": True}
    whole, _, losses = train_small(tmp_path / "whole", adapter=adapter, optimizer="adamw_8bit")
    with pytest.raises(KeyboardInterrupt):
        train_small(tmp_path / "broken", adapter=adapter, optimizer="adamw_8bit", stop_at=2, checkpoint_every=0.0)
    resumed, _, again = train_small(tmp_path / "broken", adapter=adapter, optimizer="adamw_8bit")
    assert again == losses
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))


def test_a_step_keeps_less_than_with_layers_of_peft() -> None:
    model, x = dora(lora_dropout=0.1), inputs(EXAMPLES, 400, dtype=torch.bfloat16)
    ours, theirs = (peak_of(lambda fused=fused: compute(model, x, fused=fused, autocast=torch.bfloat16)) for fused in (True, False))
    assert ours < 0.8 * theirs
