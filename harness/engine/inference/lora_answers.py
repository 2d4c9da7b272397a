"""How a model with LoRA answers: each of its layers adds s·B·(A·x) to W·x in two products.

PEFT composes a layer of half a dozen operations, and computes A and B in their own format, float32, where W is in bfloat16. A model that
answers reads few tokens at a time, so that operations count more than numbers. Here A and B have the format of x, as they have while they
are trained. In float32 the result is the same to rounding.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any


@contextlib.contextmanager
def answering(model: Any) -> Iterator[None]:
    """Inside this context, a model computes without gradients, and its plain LoRA layers in two products each."""
    import torch

    layers = [each for each in _lora_layers(model) if "forward" not in vars(each)]  # not one that is inside such a context already
    for layer in layers:
        layer.forward = partial(_forward, layer, {})
    try:
        with torch.no_grad():
            yield
    finally:
        for layer in layers:
            del layer.forward


def is_plain_lora(module: Any) -> bool:
    """Whether a module is a linear layer W·x with s·B·A·x and no more: not DoRA, an adapter with a bias, or several adapters at once."""
    if type(module) not in _adapted_types() or module.lora_variant or len(module.lora_A) != 1:
        return False
    (name,) = module.lora_A
    return module.lora_A[name].bias is None and module.lora_B[name].bias is None


def _lora_layers(model: Any) -> list[Any]:
    return [module for module in model.modules() if is_plain_lora(module)]


def _adapted_types() -> tuple[type, ...]:
    """PEFT's LoRA on linear layers, and on those with weights in 4 bits. Where nothing has loaded PEFT, no module is one."""
    layers = sys.modules.get("peft.tuners.lora.layer")
    if layers is None:
        return ()
    packed = getattr(sys.modules.get("peft.tuners.lora.bnb"), "Linear4bit", None)  # only where bitsandbytes is installed
    return (layers.Linear,) if packed is None else (layers.Linear, packed)


def _forward(layer: Any, factors: dict[Any, tuple[Any, Any]], x: Any, *args: Any, **options: Any) -> Any:
    """The layer's output (..., out) for x (..., in). `factors` are Aᵀ and Bᵀ in the formats of earlier inputs."""
    import torch

    (name,) = layer.lora_A
    plain = not (args or options or torch.is_grad_enabled() or layer.training or layer.disable_adapters or layer.merged)
    if not plain or layer.active_adapters != [name]:
        return type(layer).forward(layer, x, *args, **options)
    if x.dtype not in factors:
        factors[x.dtype] = tuple(each[name].weight.to(x.dtype).t() for each in (layer.lora_A, layer.lora_B))
    first, second = factors[x.dtype]  # (in, r), (r, out)
    output = layer.base_layer(x)
    if output.dtype != x.dtype:
        return type(layer).forward(layer, x)
    rows = output.reshape(-1, output.shape[-1])
    rows.addmm_(x.reshape(-1, x.shape[-1]) @ first, second, alpha=layer.scaling[name])
    return rows.view(output.shape)
