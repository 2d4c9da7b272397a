"""A linear layer with adapters of LoRA as one function of autograd: y = W·x + s·B·A·d(x), d a dropout.

PEFT composes a layer of a dozen operations. Each reads and writes all tokens, some in float32 where products are computed in bfloat16, and
autograd keeps what half of them made. Here, forward and backward, each product is added to its sum as it is computed. What is kept are the
input, which layers share, one byte for each number that dropout may take, and r numbers of each token. In float32 the result is the same
to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

# The tokens of an adapter, from the first to before the last, and the factor of what it adds to them.
AdapterPart: TypeAlias = tuple[int, int, float]


@lru_cache(maxsize=1)
def adapted_linear() -> Any:
    """The function of autograd."""
    import torch
    from torch.autograd.function import once_differentiable

    class AdaptedLinear(torch.autograd.Function):
        """With N tokens: x (N, in), W (out, in), and for each part of the tokens A (r, in) and B (out, r). `output` (N, out) is that of the
        base layer where W is None."""

        @staticmethod
        def forward(
            ctx: Any, x: Any, output: Any, weight: Any, bias: Any, dropped: Any, computed: Any, parts: Sequence[AdapterPart], *factors: Any
        ) -> Any:
            rows = x.to(computed)
            if weight is None:
                result = output.clone()
            else:
                result = torch.nn.functional.linear(rows, weight.to(computed), None if bias is None else bias.to(computed))
            inner = []  # (tokens of the part, r)
            for (begin, end, scale), first, second in zip(parts, factors[::2], factors[1::2], strict=True):
                inner.append(_without(rows[begin:end], _between(dropped, begin, end)) @ first.to(computed).t())
                result[begin:end].addmm_(inner[-1], second.to(computed).t(), alpha=scale)
            ctx.save_for_backward(rows, weight, dropped, *factors, *inner)
            ctx.parts, ctx.dtype = parts, x.dtype
            return result

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, gradient: Any) -> Any:
            rows, weight, dropped, *others = ctx.saved_tensors
            factors, inners = others[: 2 * len(ctx.parts)], others[2 * len(ctx.parts) :]
            computed, alone = rows.dtype, len(ctx.parts) == 1
            into_x = None  # of the parts together: through W, all tokens in one product
            if ctx.needs_input_grad[0] and weight is not None and not alone:
                into_x = gradient.to(computed) @ weight.to(computed)
            into_factors, pieces = [], []
            for (begin, end, scale), first, second, inner in zip(ctx.parts, factors[::2], factors[1::2], inners, strict=True):
                outer, missing = gradient[begin:end].to(computed), _between(dropped, begin, end)  # (tokens, out)
                into_inner = (outer @ second.to(computed)).mul_(scale)  # (tokens, r)
                into_factors.append((into_inner.t() @ _without(rows[begin:end], missing)).to(first.dtype))
                into_factors.append((outer.t() @ inner).to(second.dtype).mul_(scale))
                if not ctx.needs_input_grad[0]:
                    continue
                piece = _without(into_inner @ first.to(computed), missing)
                if into_x is not None:
                    into_x[begin:end].add_(piece)
                elif weight is not None:
                    piece.addmm_(outer, weight.to(computed))
                pieces.append(piece)
            if pieces and into_x is None:
                into_x = pieces[0] if alone else torch.cat(pieces)
            into_x = None if into_x is None else into_x.to(ctx.dtype)
            return into_x, gradient if weight is None else None, None, None, None, None, None, *into_factors

    return AdaptedLinear


def _between(dropped: Any, begin: int, end: int) -> Any:
    return None if dropped is None else dropped[begin:end]


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
