"""Linear layers that keep their weights in the order in which oneDNN reads them, for as long as a model writes.

oneDNN reads a matrix in an order of its own, and puts it in that order for each product. With 32 rows, that takes a quarter of the time.
Layers that read the same input stay separate products. As one, with SmolLM2-135M, products took as long, and attention and gates, which
then read views, took longer.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.engine.models import products
from harness.engine.models.products import arrange, is_faster_linear, multiplies_by_onednn, product_forward

_WORTH_ARRANGING = 16  # tokens of an output: to arrange a weight takes as long as ten products with it save
_MOST_ARRANGED = 1 << 30  # bytes


def arranged_size(count: int, tokens: int) -> int:
    """Bytes that arranged weights of a model in float32 take on a CPU, beside its own, while it writes so many tokens of each output.

    0: weights are not arranged, because a model is large, few tokens pay for it, or torch multiplies.

    Args:
        count: what `count_linear` says.
    """
    size = 4 * count
    return size if tokens >= _WORTH_ARRANGING and size <= _MOST_ARRANGED and products.has_onednn_products() else 0


def arranges_weights(model: Any, tokens: int) -> bool:
    """Whether a model's linear layers arrange their weights while it writes so many tokens of each output. See `arranged_size`."""
    count = sum(module.weight.numel() for module in model.modules() if is_faster_linear(module))
    return arranged_size(count, tokens) > 0


def count_linear(model: Any) -> int:
    """The weights of the linear layers of a model, with or without numbers, that are not in 4 bits."""
    import torch

    return sum(module.weight.numel() for module in model.modules() if type(module) is torch.nn.Linear)


def arranged_forward(layer: Any) -> partial[Any]:
    """The forward pass of a linear layer by a weight that its first output without gradients arranges.

    Until then, the weight may change; not afterwards.
    """
    return partial(_forward, layer, [])


def _forward(layer: Any, arranged: list[Any], input: Any) -> Any:  # the name that callers of torch's layer may give
    """`arranged` has the weight once it is arranged."""
    import torch

    if torch.is_grad_enabled() or not multiplies_by_onednn(input, layer.weight):
        return product_forward(layer)(input)
    if not arranged:
        arranged.append(arrange(layer.weight.detach()))
    return torch.ops.mkldnn._linear_pointwise(input, arranged[0], layer.bias, "none", [], "")
