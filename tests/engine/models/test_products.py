"""Products in float32 by oneDNN: those of torch, to rounding, and only where they are faster."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from adapted_layers import WIDTH, Two, packed
from operations import Names, matrix
from torch import nn

from harness.engine.inference import answering
from harness.engine.models import add_product, is_faster_linear, multiply, product_forward
from harness.engine.models.products import has_onednn_products
from harness.engine.tuning import fused_layers

PRODUCTS = "harness.engine.models.products.has_onednn_products"

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch was built without oneDNN")


@pytest.fixture(autouse=True)
def by_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PRODUCTS, lambda: True)


@pytest.mark.parametrize("rows", [(0, 40), (1, 40), (33, 40), (2, 5, 40), (3, 1, 40)])
@pytest.mark.parametrize("bias", [None, matrix(24)], ids=["", "bias"])
def test_products_are_those_of_torch(rows: tuple[int, ...], bias: torch.Tensor | None) -> None:
    x, weight = matrix(*rows), matrix(24, 40)
    with Names() as computed:
        outputs = [multiply(x, weight, bias), multiply(x, weight.t().contiguous().t(), bias)]
    assert computed.products == 2
    for output in outputs:
        torch.testing.assert_close(output, nn.functional.linear(x, weight, bias), rtol=1e-5, atol=1e-5)


def test_both_matrices_may_be_views() -> None:
    wide, tall = matrix(33, 80), matrix(40, 33)
    torch.testing.assert_close(multiply(wide[:, ::2], matrix(24, 40)), wide[:, ::2] @ matrix(24, 40).t(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(multiply(tall.t(), matrix(40, 24).t()), tall.t() @ matrix(40, 24), rtol=1e-5, atol=1e-5)


def test_a_product_is_added_to_a_total_in_place() -> None:
    x, weight, total = matrix(33, 40), matrix(24, 40), matrix(33, 24)
    expected = total + x @ weight.t()
    with Names() as computed:
        add_product(total, x, weight)
    assert computed.products == 1
    torch.testing.assert_close(total, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_other_number_formats_are_left_to_torch(dtype: torch.dtype) -> None:
    """Also sums: rounded once, and without another matrix."""
    x, weight, total = matrix(4, 40, dtype=dtype), matrix(24, 40, dtype=dtype), matrix(4, 24, dtype=dtype)
    expected = torch.addmm(total, x, weight.t())
    with Names() as computed:
        output = multiply(x, weight)
        add_product(total, x, weight)
    assert computed.products == 0
    assert computed.names.count("addmm_") == 1
    assert torch.equal(output, nn.functional.linear(x, weight))
    assert torch.equal(total, expected)


def test_autocast_and_tensors_without_storage_are_left_to_torch() -> None:
    layer = nn.Linear(40, 24)
    layer.forward = product_forward(layer)  # type: ignore[method-assign]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(input=matrix(4, 40)).dtype == torch.bfloat16
    assert multiply(matrix(4, 40).to("meta"), matrix(24, 40).to("meta")).shape == (4, 24)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("frozen", ["", "weight", "bias", "input"])
def test_gradients_are_those_of_torch(bias: bool, frozen: str) -> None:
    found = []
    for faster in (True, False):
        torch.manual_seed(0)
        layer, x = nn.Linear(40, 24, bias=bias), matrix(2, 5, 40).requires_grad_(frozen != "input")
        if frozen in dict(layer.named_parameters()):
            layer.get_parameter(frozen).requires_grad_(False)
        if faster:
            layer.forward = product_forward(layer)  # type: ignore[method-assign]
        output = layer(x)
        output += 1.0  # as models do, in place
        (output * matrix(2, 5, 24)).sum().backward()
        found.append([output.detach(), *(each.grad for each in (x, *layer.parameters()))])
    for ours, theirs in zip(*found, strict=True):
        assert (ours is None) == (theirs is None)
        if theirs is not None:
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_a_model_answers_and_trains_by_them_and_is_then_as_it_was() -> None:
    torch.manual_seed(0)
    model, x = Two(), matrix(3, WIDTH)
    expected = model(x)
    with answering(model), Names() as answered:
        torch.testing.assert_close(model(x), expected, rtol=1e-5, atol=1e-5)
    with fused_layers(model, "cpu"), Names() as trained:
        model(x).sum().backward()
    assert answered.products == 2
    assert trained.products == 2 + 1, "forward, and into the input of the second layer"
    assert model.first.weight.grad is not None
    assert not any("forward" in vars(module) for module in model.modules())


def test_layers_that_compute_otherwise_are_left_alone() -> None:
    class Other(nn.Linear):
        pass

    assert is_faster_linear(nn.Linear(4, 4))
    assert not is_faster_linear(Other(4, 4))
    assert not is_faster_linear(nn.Linear(4, 4, dtype=torch.bfloat16))
    assert not is_faster_linear(nn.Linear(4, 4, device="meta"))
    assert not any(is_faster_linear(module) for module in packed().modules())


@pytest.mark.parametrize(
    ("processor", "instructions", "product", "expected"),
    [
        ("AMD EPYC 9454 48-Core Processor", "AVX512", lambda rows, weight, *_: rows @ weight.t(), True),
        ("Intel(R) Xeon(R) Processor @ 2.70GHz", "AVX512", lambda rows, weight, *_: rows @ weight.t(), False),
        ("AMD EPYC 9454 48-Core Processor", "AVX2", lambda rows, weight, *_: rows @ weight.t(), False),
        ("AMD EPYC 9454 48-Core Processor", "AVX512", lambda rows, weight, *_: rows @ weight.t() + 1, False),
        ("AMD EPYC 9454 48-Core Processor", "AVX512", lambda rows: rows, False),
    ],
    ids=["measured", "another maker", "older", "other results", "another signature"],
)
def test_products_are_used_only_where_they_were_measured_and_are_right(
    monkeypatch: pytest.MonkeyPatch, processor: str, instructions: str, product: Any, expected: bool
) -> None:
    monkeypatch.setattr("harness.engine.models.products.cpu_name", lambda: processor)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: instructions)
    monkeypatch.setattr(torch.ops.mkldnn, "_linear_pointwise", product)
    monkeypatch.setattr(torch.ops.mkldnn, "_reorder_linear_weight", lambda weight, _: weight)
    for dtype in (torch.float32, torch.bfloat16):  # asked first inside autocast, too
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
            assert has_onednn_products.__wrapped__() is expected
