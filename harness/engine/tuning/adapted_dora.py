"""A linear layer with an adapter of DoRA as one function of autograd (Liu et al., "DoRA: Weight-Decomposed Low-Rank Adaptation", 2024).

With c = m / ‖W + s·B·A‖, one number for each output, the layer is y = b + c ⊙ (W·x + s·B·A·x); the norms of the rows are constants for
gradients (section 4.3 there). With a dropout d, PEFT computes y = b + W·x + (c - 1) ⊙ W·d(x) + c ⊙ s·B·A·d(x), which needs W twice,
forward and backward. In float32 the result here is the same to rounding.

c is near 1, where formats of 16 bits have few numbers: c - 1 is what is rounded to them, and all that is added to W·x is summed first. B,
which is small, is scaled instead of what it is multiplied by. Of each token, the input, r numbers and W·d(x) are kept, the last for the
gradient of m.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from harness.engine.models import add_product, multiply
from harness.engine.tuning.adapted_linear import without_dropped


@lru_cache(maxsize=1)
def adapted_dora() -> Any:
    """The function of autograd."""
    import torch
    from torch.autograd.function import once_differentiable

    class AdaptedDora(torch.autograd.Function):
        """With N tokens: x (N, in), W (out, in), A (r, in), B (out, r), b, m and norms (out). `change` (out) is c - 1. Where W is None,
        `output` (N, out) is that of the base layer for x, and with dropout `left_output` that for what dropout leaves of x, both with b.

        What dropout leaves is multiplied by its `factor` only where it is summed.
        """

        @staticmethod
        def forward(
            ctx: Any,
            x: Any,
            output: Any,
            left_output: Any,
            weight: Any,
            bias: Any,
            dropped: Any,
            computed: Any,
            factor: float,
            scale: float,
            norms: Any,
            change: Any,
            magnitude: Any,
            first: Any,
            second: Any,
        ) -> Any:
            rows = x.to(computed)
            if bias is not None:
                bias = bias.to(computed)
            left = without_dropped(rows, dropped)
            if weight is not None:
                matrix = weight.to(computed)
                output = multiply(rows, matrix, bias)
                left_output = None if dropped is None else multiply(left, matrix, bias)
            if dropped is None:
                left_output = output
            inner = multiply(left, first.to(computed))  # (N, r)
            scaled, change = _scaled(second, change, factor * scale, computed), change.to(computed)
            added = inner @ scaled.t() if bias is None else torch.addmm((change * bias).mul_(-factor), inner, scaled.t())  # (N, out)
            added.addcmul_(left_output, change, value=factor).add_(output)
            kept = left_output if ctx.needs_input_grad[11] else None
            ctx.save_for_backward(rows, weight, bias, dropped, inner, kept, norms, change, magnitude, first, second)
            ctx.scale, ctx.factor, ctx.dtype = scale, factor, x.dtype
            return added

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, gradient: Any) -> Any:
            rows, weight, bias, dropped, inner, left_output, norms, change, magnitude, first, second = ctx.saved_tensors
            computed, factor, scale = rows.dtype, ctx.factor, ctx.factor * ctx.scale
            outer = gradient.to(computed)  # (N, out)
            into_inner = multiply(outer, _scaled(second, change, scale, computed).t())  # (N, r)
            into_first = (into_inner.t() @ without_dropped(rows, dropped)).to(first.dtype)
            by_inner = (inner.t() @ outer).t().float()  # (out, r)
            into_magnitude = None
            if left_output is not None:
                wide = outer.float() if computed == torch.float16 else outer  # whose largest number a scaled gradient comes near to
                into_magnitude = (wide * left_output).sum(0, dtype=torch.float32)
                if bias is not None:
                    into_magnitude.sub_(outer.sum(0, dtype=torch.float32).mul_(bias))
                into_magnitude.add_((by_inner * second).sum(1), alpha=ctx.scale)
                into_magnitude = into_magnitude.mul_(factor).div_(norms).to(magnitude.dtype)
            into_second = by_inner.mul_((1 + change.float()).mul_(scale).unsqueeze(1)).to(second.dtype)
            if dropped is None:
                into_output, into_left = torch.addcmul(outer, outer, change), None
            else:
                into_output, into_left = outer, outer * change.mul(factor)
            into_x = None
            if ctx.needs_input_grad[0]:
                into_x = multiply(into_inner, first.to(computed).t())
                if weight is not None and into_left is not None:
                    add_product(into_x, into_left, weight.to(computed).t())
                into_x = without_dropped(into_x, dropped)
                if weight is not None:
                    add_product(into_x, into_output, weight.to(computed).t())
                into_x = into_x.to(ctx.dtype)
            into_base = (into_output, into_left) if weight is None else (None, None)
            return into_x, *into_base, *[None] * 8, into_magnitude, into_first, into_second

    return AdaptedDora


def _scaled(second: Any, change: Any, scale: float, computed: Any) -> Any:
    """c ⊙ s·B (out, r)."""
    return (second.float() * (1 + change.float()).mul_(scale).unsqueeze(1)).to(computed)
