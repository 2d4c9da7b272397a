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

from harness.engine.models import add_product, multiply


@lru_cache(maxsize=1)
def adapted_linear() -> Any:
    """The function of autograd."""
    import torch
    from torch.autograd.function import once_differentiable

    class AdaptedLinear(torch.autograd.Function):
        """With N tokens: x (N, in), W (out, in), and for each adapter its scale, A (r, in) and B (out, r). `output` (N, out) is that of the
        base layer where W is None. Several adapters are computed as one whose rank is the sum R of theirs: `own` (N, R) is 1 where a number
        belongs to the adapter of the token, else 0. For a single adapter it is None.
        """

        @staticmethod
        def forward(
            ctx: Any,
            x: Any,
            output: Any,
            weight: Any,
            bias: Any,
            dropped: Any,
            computed: Any,
            own: Any,
            scales: Sequence[float],
            *factors: Any,
        ) -> Any:
            rows = x.to(computed)
            first, second, alpha = _joined(factors, scales, computed)
            inner = multiply(without_dropped(rows, dropped), first)  # (N, R)
            if own is not None:
                inner.mul_(own)
            if weight is None:
                result = torch.addmm(output, inner, second.t(), alpha=alpha)
            else:
                result = multiply(rows, weight.to(computed), None if bias is None else bias.to(computed))
                result.addmm_(inner, second.t(), alpha=alpha)
            ctx.save_for_backward(rows, weight, dropped, inner, own, *factors)
            ctx.scales, ctx.dtype = scales, x.dtype
            return result

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, gradient: Any) -> Any:
            rows, weight, dropped, inner, own, *factors = ctx.saved_tensors
            computed = rows.dtype
            first, second, alpha = _joined(factors, ctx.scales, computed)
            outer = gradient.to(computed)  # (N, out)
            into_inner = multiply(outer, second.t()).mul_(alpha if own is None else own)  # (N, R)
            into_first = (into_inner.t() @ without_dropped(rows, dropped)).to(factors[0].dtype)
            into_second = (inner.t() @ outer).t().to(factors[1].dtype)  # up to four times as fast as the product of the transposed
            into_x = None
            if ctx.needs_input_grad[0]:
                into_x = without_dropped(multiply(into_inner, first.t()), dropped)
                if weight is not None:
                    add_product(into_x, outer, weight.to(computed).t())
                into_x = into_x.to(ctx.dtype)
            ranks = [each.shape[0] for each in factors[::2]]
            into_each = zip(into_first.split(ranks), into_second.split(ranks, 1), ctx.scales, strict=True)
            into_factors = [each for into_a, into_b, scale in into_each for each in (into_a, into_b.mul_(scale))]
            return into_x, gradient if weight is None else None, None, None, None, None, None, None, *into_factors

    return AdaptedLinear


def _joined(factors: Sequence[Any], scales: Sequence[float], computed: Any) -> tuple[Any, Any, float]:
    """All A (R, in) and all B (out, R) in this format, and what is left to multiply by: the scale of a single adapter. Of several, each B
    is multiplied before it is rounded, because their scales would be rounded otherwise.
    """
    import torch

    if len(scales) == 1:
        return factors[0].to(computed), factors[1].to(computed), scales[0]
    scaled = [(scale * each).to(computed) for scale, each in zip(scales, factors[1::2], strict=True)]
    return torch.cat([each.to(computed) for each in factors[::2]]), torch.cat(scaled, 1), 1.0


def without_dropped(rows: Any, dropped: Any) -> Any:
    """The rows with zeros where they are dropped; the rows themselves where nothing is."""
    import torch

    if dropped is None:
        return rows
    if rows.device.type != "cpu":
        return rows.masked_fill(dropped, 0.0)
    whole = {2: torch.int16, 4: torch.int32, 8: torch.int64}[rows.element_size()]
    kept = dropped.view(torch.int8).to(whole).sub_(1)  # all bits, or none: four times as fast as filling a mask
    return kept.bitwise_and_(rows.view(whole)).view(rows.dtype)
