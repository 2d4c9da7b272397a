"""The gated layers of decoders (SwiGLU; Shazeer 2020), down(silu(gate(x))·up(x)), whose product is one function of autograd that keeps its
two inputs. transformers keeps a third tensor of that size."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import Any

from harness.engine.distributed import is_sharded
from harness.engine.models import computes_itself, replaced_forwards
from harness.engine.tuning.token_functions import TokenFunctions, without_autocast


@contextlib.contextmanager
def fused_gates(model: Any, functions: TokenFunctions) -> Iterator[None]:
    """Inside this context, the gated layers of a model that are these compute their product in one function each."""
    layers = [] if is_sharded(model) else [module for module in model.modules() if _is_plain(module)]
    with replaced_forwards({layer: partial(_forward, layer, functions) for layer in layers}):
        yield


def _is_plain(module: Any) -> bool:
    """Whether a module is this layer, and computes it itself."""
    kind: Any = type(module)
    activation: Any = type(getattr(module, "act_fn", None))
    return hasattr(module, "gate_proj") and computes_itself(module) and _is_silu(activation) and _computes_gate(kind)


@lru_cache(maxsize=64)
def _is_silu(kind: Any) -> bool:
    """Whether modules of this class compute silu, of which transformers has one of its own."""
    import torch

    x = torch.linspace(-2.0, 2.0, 12)
    try:
        return torch.equal(kind()(x), torch.nn.functional.silu(x))
    except Exception:  # it needs arguments
        return False


@lru_cache(maxsize=64)
def _computes_gate(kind: Any) -> bool:
    """Whether modules of this class compute the formula, and nothing else: tried with layers that multiply by numbers of their own."""
    import torch

    x = torch.linspace(-2.0, 2.0, 12)
    stand_in = SimpleNamespace(gate_proj=lambda x: 0.5 * x, up_proj=lambda x: 3.0 * x, down_proj=lambda x: 0.25 * x, act_fn=torch.nn.SiLU())
    try:
        output = kind.forward(stand_in, x)
    except Exception:  # whatever the code of a model raises
        return False
    expected = 0.25 * (torch.nn.functional.silu(0.5 * x) * (3.0 * x))
    return isinstance(output, torch.Tensor) and torch.equal(output, expected)


def _forward(layer: Any, functions: TokenFunctions, x: Any, *args: Any, **options: Any) -> Any:
    """The layer's output (..., d) for x (..., d)."""
    if args or options:
        return type(layer).forward(layer, x, *args, **options)
    return layer.down_proj(fused_gate().apply(layer.gate_proj(x), layer.up_proj(x), functions))


@lru_cache(maxsize=1)
def fused_gate() -> Any:
    """The function of autograd."""
    import torch
    from torch.autograd.function import once_differentiable

    class FusedGate(torch.autograd.Function):
        """silu(g)·v for g and v (..., n)."""

        @staticmethod
        def forward(ctx: Any, gates: Any, values: Any, functions: TokenFunctions) -> Any:
            ctx.save_for_backward(gates, values)
            ctx.functions = functions
            with without_autocast(gates):
                return functions.gate(gates.reshape(-1), values.reshape(-1)).view(gates.shape)

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, gradient: Any) -> Any:
            gates, values = ctx.saved_tensors
            with without_autocast(gradient):
                into_each = ctx.functions.gate_gradients(gradient.reshape(-1), gates.reshape(-1), values.reshape(-1))
            return *(each.view(gates.shape) for each in into_each), None

    return FusedGate
