"""Models with LoRA answer in two products for each layer: with the outputs of PEFT's own layers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from adapted_layers import WIDTH, Two, packed
from peft import AdaLoraConfig, LoraConfig, get_peft_model
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from harness.engine.adapters import RankAllocation
from harness.engine.inference import answering

ROWS, TOKENS = 3, 5


class Rounded(nn.Linear):
    """A layer that answers in another format than that of its input."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return super().forward(input).double()


def mixed() -> nn.Module:
    model = Two()
    model.second = Rounded(3 * WIDTH, WIDTH)
    return model


def adapted(base: Any = Two, **options: Any) -> Any:
    """An adapter as after some steps, ready to answer."""
    torch.manual_seed(0)
    model = get_peft_model(base(), LoraConfig(**{"r": 4, "lora_alpha": 12, "target_modules": ["first", "second"], **options}))
    _spoil(model)
    return model.eval()


@pytest.fixture
def products_of_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers that are left to PEFT have its very outputs."""
    monkeypatch.setattr("harness.engine.models.products.has_onednn_products", lambda: False)


def _spoil(model: Any) -> None:
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.1)


def ranked(base: Any = Two, *, kept: int = 4) -> Any:
    """AdaLoRA as after a training that has kept so many of its ranks in the first layer."""
    torch.manual_seed(0)
    config = AdaLoraConfig(init_r=4, target_r=2, lora_alpha=12, total_step=10, target_modules=["first", "second"])
    model = get_peft_model(base(), config)
    for name, parameter in model.named_parameters():
        if "lora_E" in name:
            nn.init.normal_(parameter)
            parameter.data[kept:] *= "first" not in name
    allocation = RankAllocation.of(model)
    assert allocation is not None
    allocation.settle()
    return model.eval()


def inputs(dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(ROWS, TOKENS, WIDTH, generator=torch.Generator().manual_seed(1)).to(dtype)


@torch.no_grad()
def of_peft(model: Any, x: torch.Tensor) -> torch.Tensor:
    return model(x)


def answer(model: Any, x: torch.Tensor) -> torch.Tensor:
    with answering(model):
        return model(x)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lora_dropout": 0.5},
        {"use_rslora": True},
        {"rank_pattern": {"second": 8}, "alpha_pattern": {"second": 2}},
        {"base": packed},
        {"init_lora_weights": "pissa"},
        {"base": mixed},
        {"use_dora": True},
        {"use_dora": True, "base": packed, "use_rslora": True},
    ],
    ids=["plain", "dropout", "rslora", "ranks", "4-bit", "pissa", "mixed", "dora", "dora-4-bit"],
)
def test_outputs_are_those_of_peft(options: dict[str, Any]) -> None:
    model, x = adapted(**options), inputs()
    outputs = answer(model, x)
    torch.testing.assert_close(outputs, of_peft(model, x), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(answer(model, x.transpose(0, 1)), outputs.transpose(0, 1), rtol=1e-5, atol=1e-5)
    with model.disable_adapter():
        assert (of_peft(model, x) - outputs).abs().max() > 0.01
    assert not outputs.requires_grad


@pytest.mark.parametrize(("base", "kept"), [(Two, 4), (Two, 1), (Two, 0), (packed, 2)], ids=["all", "one rank", "no rank", "4-bit"])
def test_outputs_of_adalora_are_those_of_peft(base: Any, kept: int) -> None:
    model, x = ranked(base, kept=kept), inputs()
    outputs = answer(model, x)
    torch.testing.assert_close(outputs, of_peft(model, x), rtol=1e-5, atol=1e-5)
    with model.disable_adapter():
        assert (of_peft(model, x) - outputs).abs().max() > 0.01
        assert torch.equal(answer(model, x), of_peft(model, x))


@pytest.mark.usefixtures("products_of_torch")
def test_ranks_of_adalora_make_few_shapes() -> None:
    """Each shape of a product is prepared when it is new, and a cell keeps few of them prepared."""
    shapes: set[tuple[int, ...]] = set()

    class Products(TorchDispatchMode):
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if function.overloadpacket in (torch.ops.aten.mm, torch.ops.aten.addmm, torch.ops.aten.addmm_):
                shapes.add(tuple(args[-1].shape))
            return function(*args, **(kwargs or {}))

    for kept in (1, 3, 4):
        with Products():
            answer(ranked(kept=kept), inputs())
    assert shapes == {(WIDTH, 16), (16, 3 * WIDTH), (3 * WIDTH, 16), (16, WIDTH), (WIDTH, 3 * WIDTH), (3 * WIDTH, WIDTH)}


def test_in_bfloat16_outputs_are_about_as_near_to_those_in_float32() -> None:
    model = adapted()
    exact = of_peft(model, inputs())
    for name, parameter in model.named_parameters():  # as a model is loaded in bfloat16: its adapter is in float32
        if "lora" not in name:
            parameter.data = parameter.data.bfloat16()
    outputs, theirs = answer(model, inputs(torch.bfloat16)), of_peft(model, inputs(torch.bfloat16))
    assert outputs.dtype == theirs.dtype == torch.bfloat16
    assert (outputs - exact).norm() < 1.2 * (theirs - exact).norm() < 0.02 * exact.norm()


@pytest.mark.usefixtures("products_of_torch")
def test_adapters_with_a_bias_are_left_to_peft() -> None:
    model, x = adapted(lora_bias=True, target_modules=["second"]), inputs()
    assert torch.equal(answer(model, x), of_peft(model, x))


@pytest.mark.usefixtures("products_of_torch")
def test_adapters_that_are_switched_off_merged_or_several_are_left_to_peft() -> None:
    model, x = adapted(), inputs()
    with model.disable_adapter():
        assert torch.equal(answer(model, x), of_peft(model, x))
    merged = copy.deepcopy(model)
    merged.merge_adapter()
    assert torch.equal(answer(merged, x), of_peft(merged, x))
    model.add_adapter("other", LoraConfig(r=4, target_modules=["first"]))
    _spoil(model)
    model.eval().set_adapter("other")
    assert torch.equal(answer(model, x), of_peft(model, x))


@pytest.mark.usefixtures("products_of_torch")
def test_a_model_that_is_trained_or_computes_gradients_is_left_to_peft() -> None:
    model, x = adapted(lora_dropout=0.5), inputs()
    with answering(model), torch.enable_grad():
        assert model(x).requires_grad
    model.train()
    torch.manual_seed(3)
    expected = of_peft(model, x)
    torch.manual_seed(3)
    assert torch.equal(answer(model, x), expected), "dropout"


def test_autocast_and_tensors_without_storage_are_supported() -> None:
    model, x = adapted(), inputs()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(answer(model, x), of_peft(model, x), rtol=0.02, atol=0.02)
    assert answer(model.to("meta"), x.to("meta")).shape == x.shape, "as in a forecast"


def test_each_answer_is_that_of_the_present_weights() -> None:
    model, x = adapted(), inputs()
    before = answer(model, x)
    _spoil(model)
    after = answer(model, x)
    assert not torch.allclose(after, before, atol=1e-3)
    torch.testing.assert_close(after, of_peft(model, x), rtol=1e-5, atol=1e-5)


def test_a_model_is_as_it_was_also_after_an_error_and_inside_itself() -> None:
    model, x = adapted(), inputs()
    before = of_peft(model, x)
    with answering(model):
        with answering(model):
            inner = model(x)
        assert torch.equal(model(x), inner), "still inside the first"
    with pytest.raises(RuntimeError), answering(model):
        raise RuntimeError
    assert torch.equal(of_peft(model, x), before)
    assert not any("forward" in vars(module) for module in model.modules())
