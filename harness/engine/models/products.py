"""Products of float32 matrices on AMD processors with AVX-512: by oneDNN instead of MKL.

torch multiplies such matrices with Intel's MKL. On two cores of an AMD EPYC with AVX-512 (torch 2.13), oneDNN multiplied 800 rows by the
matrices of SmolLM2-135M 1.1 times as fast, 12 to 64 rows 1.2 to 1.4 times, 32 rows by its output layer 1.8 times, and by the factors of
an adapter up to three times. It was not measured on other processors, where torch chooses as before. The results are the same to rounding.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

from harness.measure import cpu_name

_ROWS = 32  # that a weight is arranged for; it suits other numbers of rows, too


def multiply(rows: Any, weight: Any, bias: Any = None) -> Any:
    """x·Wᵀ + b (..., out) for rows x (..., in) and W (out, in), without a gradient. Both may be transposed views."""
    import torch

    if not multiplies_by_onednn(rows, weight):
        return torch.nn.functional.linear(rows, weight, bias)
    return torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")


def add_product(total: Any, rows: Any, weight: Any) -> None:
    """Adds x·Wᵀ to a total (N, out) in place, for rows x (N, in) and W (out, in)."""
    if multiplies_by_onednn(rows, weight):
        total.add_(multiply(rows, weight))
    else:
        total.addmm_(rows, weight.t())


def is_faster_linear(module: Any) -> bool:
    """Whether a linear layer takes less time by `multiply` than by torch."""
    import torch

    return type(module) is torch.nn.Linear and _is_plain(module.weight) and has_onednn_products()


def product_forward(layer: Any) -> partial[Any]:
    """The forward pass of a linear layer by `multiply`, also where gradients are computed."""
    return partial(_forward, layer)


def arrange(weight: Any) -> Any:
    """A weight (out, in) in the order in which oneDNN reads it, as another tensor that only `_linear_pointwise` takes."""
    import torch

    return torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), _ROWS)


def multiplies_by_onednn(rows: Any, weight: Any) -> bool:
    """Whether these matrices are multiplied by oneDNN."""
    import torch

    return _is_plain(rows) and _is_plain(weight) and has_onednn_products() and not torch.is_autocast_enabled("cpu")


def _forward(layer: Any, input: Any) -> Any:  # the name that callers of torch's layer may give
    import torch

    x, weight, bias = input, layer.weight, layer.bias
    if not multiplies_by_onednn(x, weight):
        return type(layer).forward(layer, x)
    if torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad or (bias is not None and bias.requires_grad)):
        return _linear().apply(x.reshape(-1, x.shape[-1]), weight, bias).view(*x.shape[:-1], weight.shape[0])
    return multiply(x, weight, bias)


def _is_plain(tensor: Any) -> bool:
    """Whether a tensor has numbers in float32 in the memory of the CPU: neither packed nor divided among processes."""
    import torch

    return type(tensor) in (torch.Tensor, torch.nn.Parameter) and tensor.dtype == torch.float32 and tensor.device.type == "cpu"


@lru_cache(maxsize=1)
def has_onednn_products() -> bool:
    """Whether this processor is one of those for which oneDNN was measured to be faster, and torch has its products."""
    import torch

    has_onednn = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not (has_onednn and cpu_name().startswith("AMD ") and torch.backends.cpu.get_cpu_capability() == "AVX512"):
        return False
    generator = torch.Generator().manual_seed(0)
    rows, weight = torch.randn(5, 24, generator=generator), torch.randn(24, 7, generator=generator).t()
    with torch.autocast("cpu", enabled=False):
        try:
            outputs = [torch.ops.mkldnn._linear_pointwise(rows, each, None, "none", [], "") for each in (weight, arrange(weight))]
        except (AttributeError, RuntimeError, TypeError):  # another version of torch: this is no part of its interface
            return False
        return all(torch.allclose(output, rows @ weight.t(), atol=1e-4) for output in outputs)


@lru_cache(maxsize=1)
def _linear() -> Any:
    """The function of autograd."""
    import torch
    from torch.autograd.function import once_differentiable

    class Linear(torch.autograd.Function):
        """For x (N, in), W (out, in) and b (out) or None. MKL is no slower at the product into W."""

        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, bias: Any) -> Any:
            ctx.save_for_backward(x if weight.requires_grad else None, weight)
            return multiply(x, weight, bias)

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, gradient: Any) -> Any:
            x, weight = ctx.saved_tensors
            into_x = multiply(gradient, weight.t()) if ctx.needs_input_grad[0] else None
            into_weight = gradient.t() @ x if ctx.needs_input_grad[1] else None
            return into_x, into_weight, gradient.sum(0) if ctx.needs_input_grad[2] else None

    return Linear
