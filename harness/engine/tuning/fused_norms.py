"""Norms by the root of the mean square (RMSNorm; Zhang and Sennrich 2019) as one function of autograd: y = w·x/sqrt(mean(x²) + ε).

transformers composes a norm of six operations, most of them in float32, and autograd adds a dozen. Here, what is kept for the backward pass
are the input and one number of each token.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import Any

from harness.engine.distributed import is_sharded
from harness.engine.models import computes_itself, replaced_forwards
from harness.engine.tuning.token_functions import PLAIN, TokenFunctions, without_autocast


@contextlib.contextmanager
def fused_norms(model: Any, functions: TokenFunctions = PLAIN) -> Iterator[None]:
    """Inside this context, the norms of a model that are this one compute in one function each."""
    norms = [] if is_sharded(model) else [module for module in model.modules() if _is_plain(module)]
    with replaced_forwards({norm: partial(_forward, norm, functions) for norm in norms}):
        yield


def _is_plain(module: Any) -> bool:
    """Whether a module is this norm, and computes it itself."""
    if not computes_itself(module) or len(module._parameters) != 1:
        return False
    kind: Any = type(module)
    return hasattr(module, "weight") and isinstance(getattr(module, "variance_epsilon", None), float) and _computes_norm(kind)


@lru_cache(maxsize=64)
def _computes_norm(kind: Any) -> bool:
    """Whether modules of this class compute this norm, and round where transformers does: tried with a weight and an ε of their own,
    because many classes of the same shape differ in what they do with the weight."""
    import torch

    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 16, generator=generator).to(torch.bfloat16)
    stand_in = SimpleNamespace(weight=torch.randn(16, generator=generator).to(torch.bfloat16), variance_epsilon=0.1)
    try:
        output = kind.forward(stand_in, x)
    except Exception:  # whatever the code of a model raises
        return False
    expected = stand_in.weight * (x.float() * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 0.1)).to(x.dtype)
    return isinstance(output, torch.Tensor) and output.dtype == expected.dtype and torch.equal(output, expected)


def _forward(norm: Any, functions: TokenFunctions, x: Any) -> Any:
    """The norm of x (..., d)."""
    return fused_norm().apply(x, norm.weight, norm.variance_epsilon, functions)


@lru_cache(maxsize=1)
def fused_norm() -> Any:
    """The function of autograd."""
    import torch
    from torch.autograd.function import once_differentiable

    class FusedNorm(torch.autograd.Function):
        """For x (..., d), w (d) and ε."""

        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, epsilon: float, functions: TokenFunctions) -> Any:
            rows = x.reshape(-1, x.shape[-1])
            with without_autocast(x):
                output, inverse = functions.norm(rows, weight, epsilon)
            ctx.save_for_backward(rows, weight, inverse)
            ctx.functions = functions
            return output.view(x.shape)

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, gradient: Any) -> Any:
            rows, weight, inverse = ctx.saved_tensors
            into_output = gradient.reshape(rows.shape)
            into_x = into_weight = None
            if ctx.needs_input_grad[0]:
                with without_autocast(gradient):
                    into_x = ctx.functions.norm_gradient(into_output, rows, weight, inverse).view(gradient.shape)
            if ctx.needs_input_grad[1]:
                products = into_output * (rows * inverse).to(rows.dtype)
                into_weight = products.sum(0, dtype=torch.float32).to(weight.dtype)
            return into_x, into_weight, None, None

    return FusedNorm
