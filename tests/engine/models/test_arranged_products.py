"""Linear layers with arranged weights have the outputs of torch, and arrange only what pays."""

from __future__ import annotations

import pytest
import torch
from adapted_layers import WIDTH, Two, packed
from operations import Names, matrix
from tiny_models import DECODERS, load_decoder
from torch import nn

from harness.engine.inference import answering
from harness.engine.models import arranged_forward, arranged_size, arranges_weights, count_linear

PRODUCTS = "harness.engine.models.products.has_onednn_products"
TOKENS = torch.tensor([[5, 9, 30, 7], [8, 3, 3, 21]])

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch was built without oneDNN")


@pytest.fixture(autouse=True)
def by_onednn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PRODUCTS, lambda: True)


@pytest.mark.parametrize("bias", [True, False])
def test_a_weight_is_arranged_once_for_outputs_without_gradients(bias: bool) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(40, 24, bias=bias)
    forward = arranged_forward(layer)
    with Names() as computed:
        trained = forward(matrix(4, 40))
        assert trained.requires_grad
        assert "_reorder_linear_weight" not in computed.names
        with torch.no_grad():
            for x in (matrix(2, 5, 40), matrix(1, 40), matrix(0, 40), matrix(700, 40)):
                torch.testing.assert_close(forward(input=x), layer(x), rtol=1e-5, atol=1e-5)
    assert computed.names.count("_reorder_linear_weight") == 1


def test_a_transposed_weight_is_arranged_too() -> None:
    layer = nn.Linear(40, 24)
    layer.weight = nn.Parameter(matrix(40, 24).t())
    with torch.no_grad():
        torch.testing.assert_close(arranged_forward(layer)(matrix(4, 40)), layer(matrix(4, 40)), rtol=1e-5, atol=1e-5)


def test_a_context_inside_another_arranges_nothing_again() -> None:
    model, x = Two(), matrix(3, WIDTH)
    with answering(model, arranges=True), Names() as computed:
        for _ in range(2):
            model(x)
            with answering(model, arranges=True):
                model(x)
    assert computed.names.count("_reorder_linear_weight") == 2, "one for each layer"


@pytest.mark.parametrize("family", DECODERS)
def test_decoders_have_the_outputs_of_torch(tmp_path_factory: pytest.TempPathFactory, family: str) -> None:
    model = load_decoder(tmp_path_factory.getbasetemp(), family, torch.float32)
    with torch.no_grad():
        expected = model(TOKENS).logits
    with answering(model, arranges=True), Names() as computed:
        torch.testing.assert_close(model(TOKENS).logits, expected, rtol=1e-4, atol=1e-4)
    assert computed.products
    assert not any("forward" in vars(module) for module in model.modules())


@pytest.mark.parametrize(("count", "tokens", "expected"), [(100, 64, 400), (100, 15, 0), (2**28, 64, 2**30), (2**28 + 1, 64, 0)])
def test_weights_are_arranged_for_many_tokens_where_they_are_not_large(count: int, tokens: int, expected: int) -> None:
    assert arranged_size(count, tokens) == expected


def test_no_weight_is_arranged_where_torch_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PRODUCTS, lambda: False)
    assert arranged_size(100, 64) == 0


def test_weights_in_other_formats_are_not_arranged() -> None:
    assert count_linear(Two()) == count_linear(Two().to("meta")) == 2 * 3 * WIDTH * WIDTH
    assert count_linear(packed()) == 0
    assert arranges_weights(Two(), 64)
    assert not any(arranges_weights(model, 64) for model in (Two().bfloat16(), Two().to("meta"), packed()))
