"""Experts of a mixture that are stored as one tensor, as transformers 5 stores them: methods that work on layers do not reach them."""

from __future__ import annotations

from typing import Any


def stacked_experts(model: Any) -> dict[str, int]:
    """The number of weights by the name of each parameter that holds all experts of a block: (experts, rows, columns)."""
    from torch.nn.modules.conv import _ConvNd

    return {
        f"{name}.{own}" if name else own: parameter.numel()
        for name, module in model.named_modules()
        if not isinstance(module, _ConvNd)  # whose kernels have three dimensions, too
        for own, parameter in module.named_parameters(recurse=False)
        if parameter.dim() == 3
    }
