"""A linear layer with adapters of LoRA as one function of autograd: y = W·x + s·B·A·d(x), d a dropout.

PEFT composes a layer of a dozen operations. Each reads and writes all tokens, some in float32 where products are computed in bfloat16, and
autograd keeps what half of them made. Here, forward and backward, each product is added to its sum as it is computed. What is kept are the
input, which layers share, one byte for each number that dropout may take, and r numbers of each token. In float32 the result is the same
to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def adapted_linear() -> Any:
    """The function of autograd."""
    import torch
    from torch.autograd.function import once_differentiable

    class AdaptedLinear(torch.autograd.Function):
        """With N tokens: x (N, in), W (out, in), and for each adapter A (r, in) and B (out, r). `output` (N, out) is that of the base layer
        where W is None. Several adapters are computed as one whose rank is the sum R of theirs: `scales` (N, R) has the scale of a token's
        own adapter at its numbers, and 0 at all others. Of a single adapter, `scales` is its scale.
        """

        @staticmethod
        def forward(ctx: Any, x: Any, output: Any, weight: Any, bias: Any, dropped: Any, computed: Any, scales: Any, *factors: Any) -> Any:
            rows = x.to(computed)
            first, second = _joined(factors, computed)
            inner = _without(rows, dropped) @ first.t()  # (N, R)
            alone = isinstance(scales, float)
            if not alone:
                inner.mul_(scales)
            alpha = scales if alone else 1.0
            if weight is None:
                result = torch.addmm(output, inner, second.t(), alpha=alpha)
            else:
                result = torch.nn.functional.linear(rows, weight.to(computed), None if bias is None else bias.to(computed))
                result.addmm_(inner, second.t(), alpha=alpha)
            ctx.save_for_backward(rows, weight, dropped, inner, None if alone else scales, *factors)
            ctx.alpha, ctx.dtype = alpha, x.dtype
            return result

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, gradient: Any) -> Any:
            rows, weight, dropped, inner, scales, *factors = ctx.saved_tensors
            computed = rows.dtype
            first, second = _joined(factors, computed)
            outer = gradient.to(computed)  # (N, out)
            into_inner = (outer @ second).mul_(ctx.alpha if scales is None else scales)  # (N, R)
            into_first = (into_inner.t() @ _without(rows, dropped)).to(factors[0].dtype)
            into_second = (outer.t() @ inner).to(factors[1].dtype).mul_(ctx.alpha)
            into_x = None
            if ctx.needs_input_grad[0]:
                into_x = _without(into_inner @ first, dropped)
                if weight is not None:
                    into_x.addmm_(outer, weight.to(computed))
                into_x = into_x.to(ctx.dtype)
            ranks = [each.shape[0] for each in factors[::2]]
            pairs = zip(into_first.split(ranks), into_second.split(ranks, 1), strict=True)
            into_factors = [each for pair in pairs for each in pair]
            return into_x, gradient if weight is None else None, None, None, None, None, None, *into_factors

    return AdaptedLinear


def _joined(factors: Sequence[Any], computed: Any) -> tuple[Any, Any]:
    """All A (R, in) and all B (out, R), in this format."""
    import torch

    if len(factors) == 2:
        return factors[0].to(computed), factors[1].to(computed)
    return torch.cat([each.to(computed) for each in factors[::2]]), torch.cat([each.to(computed) for each in factors[1::2]], 1)


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
