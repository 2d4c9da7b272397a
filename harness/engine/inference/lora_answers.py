"""How a model with LoRA answers: each of its layers adds s·B·(A·x) to W·x in two products.

PEFT composes a layer of half a dozen operations, and computes A and B in their own format, float32, where W is in bfloat16. A model that
answers reads few tokens at a time, so that operations count more than numbers. Here A and B have the format of x, as they have while they
are trained. In float32 the result is the same to rounding.

AdaLoRA weighs the rows of A by singular values, and divides s by the initial rank. PEFT computes that for each token; here it is computed
once for a batch. The layers have different ranks, and a cell keeps few kernels prepared (`_KEPT_KERNELS` in cell_processes.py), so that
those of many shapes would be prepared again for each token. Ranks are therefore padded.

With DoRA, each row of W + s·B·A is scaled to a trained magnitude (Liu et al., 2024, equation 5). PEFT computes the norms of these rows for
each token that is written, which takes longer than to read all weights. Here they are computed once for a batch.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any, TypeAlias

# Aᵀ (in, r), s·Bᵀ (r, out), and by how much DoRA scales each output (out): s·Bᵀ is scaled already.
_Factors: TypeAlias = tuple[Any, Any, Any | None]

_RANK_MULTIPLE = 16


def answering_forwards(model: Any) -> dict[Any, partial[Any]]:
    """The forward pass of each layer of LoRA, AdaLoRA and DoRA that is in use, as this module says; of none inside `answering` already."""
    return {each: partial(_forward, each, {}) for each in _lora_layers(model) if _is_in_use(each) and "forward" not in vars(each)}


def is_plain_lora(module: Any) -> bool:
    """Whether a module is a linear layer W·x with s·B·A·x and no more: not DoRA, an adapter with a bias, or several adapters at once."""
    return _is_low_rank(module) and not module.lora_variant


def is_dora(module: Any) -> bool:
    """Whether a module is a linear layer W·x with DoRA, and otherwise as plain as `is_plain_lora`."""
    return _is_low_rank(module) and [type(each).__name__ for each in module.lora_variant.values()] == ["DoraLinearVariant"]


def _is_ada_lora(module: Any) -> bool:
    """Whether a module is a linear layer W·x with one adapter of AdaLoRA."""
    return type(module) in _types("adalora", "SVDLinear", "SVDLinear4bit") and len(module.lora_A) == 1


def _is_low_rank(module: Any) -> bool:
    if type(module) not in _types("lora", "Linear", "Linear4bit") or len(module.lora_A) != 1:
        return False
    (name,) = module.lora_A
    return module.lora_A[name].bias is None and module.lora_B[name].bias is None


def _lora_layers(model: Any) -> list[Any]:
    """The plain layers of LoRA, and those of AdaLoRA and DoRA."""
    return [module for module in model.modules() if is_plain_lora(module) or is_dora(module) or _is_ada_lora(module)]


def _is_in_use(layer: Any) -> bool:
    """Whether a layer of a model that answers computes with its adapter."""
    return not (layer.training or layer.disable_adapters or layer.merged) and layer.active_adapters == list(layer.lora_A)


def _types(method: str, plain: str, packed: str) -> tuple[type, ...]:
    """PEFT's layers of a method on linear layers, and on those with weights in 4 bits. Where nothing has loaded them, no module is one."""
    layers = sys.modules.get(f"peft.tuners.{method}.layer")
    if layers is None:
        return ()
    four_bit = getattr(sys.modules.get(f"peft.tuners.{method}.bnb"), packed, None)  # only where bitsandbytes is installed
    return (getattr(layers, plain),) if four_bit is None else (getattr(layers, plain), four_bit)


def _forward(layer: Any, factors: dict[Any, _Factors], x: Any, *args: Any, **options: Any) -> Any:
    """The layer's output (..., out) for x (..., in). `factors` are those of the formats of earlier inputs."""
    import torch

    if args or options or torch.is_grad_enabled():
        return type(layer).forward(layer, x, *args, **options)
    if x.dtype not in factors:
        factors[x.dtype] = _factors(layer, x.dtype)
    first, second, scale = factors[x.dtype]
    output = layer.base_layer(x)
    if output.dtype != x.dtype:
        return type(layer).forward(layer, x)
    rows = output.reshape(-1, output.shape[-1])
    bias = layer.base_layer.bias if scale is not None else None
    if bias is not None:  # which DoRA does not scale
        rows.sub_(bias)
    if scale is not None:
        rows.mul_(scale)
    rows.addmm_(x.reshape(-1, x.shape[-1]) @ first, second)
    if bias is not None:
        rows.add_(bias)
    return rows.view(output.shape)


def _factors(layer: Any, dtype: Any) -> _Factors:
    (name,) = layer.lora_A
    if _is_ada_lora(layer):
        scale = layer.scaling[name] / (layer.ranknum[name] + 1e-5)  # 1e-5: as in PEFT
        first, second = layer.lora_A[name] * layer.lora_E[name], (scale * layer.lora_B[name]).t()
        return _pad_rank(first).to(dtype).t(), _pad_rank(second).to(dtype), None
    first, second = (each[name].weight for each in (layer.lora_A, layer.lora_B))  # (r, in), (out, r)
    second = layer.scaling[name] * second
    if not layer.lora_variant:
        return first.to(dtype).t(), second.to(dtype).t(), None
    scale = _dora_scale(layer, name, second @ first)
    return first.to(dtype).t(), (scale.unsqueeze(1) * second).to(dtype).t(), scale.to(dtype)


def _pad_rank(factor: Any) -> Any:
    """A factor (r, features), padded with rows of zeros to a multiple of `_RANK_MULTIPLE`."""
    import torch

    return torch.nn.functional.pad(factor, (0, 0, 0, -len(factor) % _RANK_MULTIPLE))


def _dora_scale(layer: Any, name: str, update: Any) -> Any:
    """By how much DoRA scales each row of W + `update` (out, in): its magnitude by its norm, (out)."""
    import torch
    from peft.utils.integrations import dequantize_module_weight
    from peft.utils.other import transpose

    weight = transpose(dequantize_module_weight(layer.base_layer), layer.fan_in_fan_out)
    return layer.lora_magnitude_vector[name].weight / torch.linalg.norm(update.add_(weight), dim=1)
