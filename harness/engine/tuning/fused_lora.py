"""LoRA layers that compute in one function of autograd while a model trains: y = W·x + s·B·A·d(x), d a dropout.

PEFT composes a layer of a dozen operations. Each reads and writes all tokens, some in float32 where products are computed in bfloat16, and
autograd keeps what half of them made. Here, forward and backward, each product is added to its sum as it is computed. What is kept are the
input, which layers share, one byte for each number that dropout may take, and r numbers of each token. In float32 the result is the same
to rounding.

Base layers whose weights are packed in 4 bits, or loaded from the CPU, compute their own output. Layers that are more than this formula are
left to PEFT: DoRA, adapters with a bias, several adapters at once, and weights that are divided among processes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any

from harness.engine.distributed import is_sharded
from harness.engine.inference import is_plain_lora
from harness.engine.tuning.keyed_dropout import KeyedRandom


@contextlib.contextmanager
def fused_lora(model: Any, random: KeyedRandom, autocast: Any) -> Iterator[None]:
    """Inside this context, the LoRA layers of a model compute in one function each.

    Args:
        random: what its dropout masks are drawn from.
        autocast: the dtype that torch's autocast computes products in; None without autocast.
    """
    layers = [] if is_sharded(model) else [module for module in model.modules() if is_plain_lora(module)]
    for layer in layers:
        layer.forward = partial(_forward, layer, random, autocast)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _has_plain_weights(base: Any) -> bool:
    """Whether a layer is x·Wᵀ + b with frozen weights, neither packed nor transposed, which no hook loads from elsewhere."""
    import torch

    if type(base) is not torch.nn.Linear or any(each.requires_grad for each in base.parameters()):  # PEFT's field `bias` trains biases
        return False
    return not (base._forward_pre_hooks or base._forward_hooks or "forward" in vars(base))


def _forward(layer: Any, random: KeyedRandom, autocast: Any, x: Any, *args: Any, **options: Any) -> Any:
    """The layer's output (..., out) for x (..., in)."""
    (name,) = layer.lora_A
    first, second = layer.lora_A[name].weight, layer.lora_B[name].weight  # (r, in), (out, r)
    computed = autocast or x.dtype
    if (
        args
        or options
        or layer.disable_adapters
        or layer.merged
        or layer.active_adapters != [name]
        or (autocast is None and first.dtype != computed)
    ):
        return type(layer).forward(layer, x, *args, **options)
    dropped, scale = None, float(layer.scaling[name])
    p = getattr(layer.lora_dropout[name], "p", 0.0)
    if layer.training and p > 0.0:
        chosen = random.choose_dropped(x, p)
        if chosen is None:
            return type(layer).forward(layer, x)
        dropped, scale = chosen[0].view(-1, x.shape[-1]), scale * chosen[1]
    base, rows = layer.base_layer, x.reshape(-1, x.shape[-1])
    if _has_plain_weights(base):
        weight, bias, output = base.weight, base.bias, None
    else:
        weight, bias, output = None, None, base(x).to(computed).reshape(-1, second.shape[0])
    result = _function().apply(rows, output, weight, bias, first, second, scale, dropped, computed)
    return result.view(*x.shape[:-1], second.shape[0])  # models may write into it, which torch refuses for views made inside a function


@lru_cache(maxsize=1)
def _function() -> Any:
    import torch
    from torch.autograd.function import once_differentiable

    class AdaptedLinear(torch.autograd.Function):
        """With N tokens: x (N, in), W (out, in), A (r, in), B (out, r). `output` (N, out) is that of the base layer where W is None."""

        @staticmethod
        def forward(
            ctx: Any, x: Any, output: Any, weight: Any, bias: Any, first: Any, second: Any, scale: float, dropped: Any, computed: Any
        ) -> Any:
            rows = x.to(computed)
            inner = _without(rows, dropped) @ first.to(computed).t()  # (N, r)
            if weight is None:
                result = torch.addmm(output, inner, second.to(computed).t(), alpha=scale)
            else:
                result = torch.nn.functional.linear(rows, weight.to(computed), None if bias is None else bias.to(computed))
                result.addmm_(inner, second.to(computed).t(), alpha=scale)
            ctx.save_for_backward(rows, weight, first, second, inner, dropped)
            ctx.scale, ctx.dtype = scale, x.dtype
            return result

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, gradient: Any) -> Any:
            rows, weight, first, second, inner, dropped = ctx.saved_tensors
            computed = rows.dtype
            outer = gradient.to(computed)  # (N, out)
            into_inner = (outer @ second.to(computed)).mul_(ctx.scale)  # (N, r)
            into_first = (into_inner.t() @ _without(rows, dropped)).to(first.dtype)
            into_second = (outer.t() @ inner).to(second.dtype).mul_(ctx.scale)
            into_x = None
            if ctx.needs_input_grad[0]:
                into_x = _without(into_inner @ first.to(computed), dropped)
                if weight is not None:
                    into_x.addmm_(outer, weight.to(computed))
                into_x = into_x.to(ctx.dtype)
            return into_x, gradient if weight is None else None, None, None, into_first, into_second, None, None, None

    return AdaptedLinear


def _without(rows: Any, dropped: Any) -> Any:
    """The rows with zeros where they are dropped; the rows themselves where nothing is."""
    import torch

    if dropped is None:
        return rows
    if rows.device.type != "cpu":
        return rows.masked_fill(dropped, 0.0)
    whole = {2: torch.int16, 4: torch.int32, 8: torch.int64}[rows.element_size()]
    kept = dropped.view(torch.int8).to(whole).sub_(1)  # all bits, or none: four times as fast as filling a mask
    return kept.bitwise_and_(rows.view(whole)).view(rows.dtype)
