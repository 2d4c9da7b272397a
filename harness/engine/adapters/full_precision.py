"""Copies of the model's own layers that an adapter trains, kept in float32 inside a model that computes in 16 bits.

PEFT keeps low-rank factors and the like in float32, but not the copies of whole layers: LN_TUNING's norms and `modules_to_save`. In 16
bits, rounding would lose the steps of the optimizer. The copies are therefore widened, and their inputs and outputs are cast.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

_HOLDERS = ("modules_to_save", "ln_tuning_layers")


def widen_copies(model: Any) -> dict[str, Any]:
    """Convert every trained copy of a layer to float32; returns those that were in 16 bits, by name."""
    import torch

    widened = {}
    for name, module in model.named_modules():
        holder, _, adapter = name.rpartition(".")
        dtype = next((p.dtype for p in module.parameters()), None)
        if adapter == "default" and holder.endswith(_HOLDERS) and dtype in (torch.bfloat16, torch.float16):
            module.float()
            module.register_forward_pre_hook(_cast_inputs)
            module.register_forward_hook(_cast_output_to(dtype))
            widened[name] = module
    return widened


def read_widened(copies: dict[str, Any], folder: Path) -> None:
    """Read the values of widened copies from a stored adapter again: PEFT read them before they were widened, and rounded them."""
    import torch
    from peft.utils import load_peft_weights

    if not copies:
        return
    stored = load_peft_weights(str(folder), device="cpu")
    with torch.no_grad():
        for path, module in copies.items():
            prefix = path.removesuffix(".default").removesuffix(".modules_to_save")  # the names in PEFT's files
            for name, parameter in module.named_parameters():
                parameter.copy_(stored[f"{prefix}.{name}"])


def _cast_inputs(_module: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    import torch

    return tuple(a.float() if isinstance(a, torch.Tensor) and a.is_floating_point() else a for a in args)


def _cast_output_to(dtype: Any) -> Any:
    def cast(_module: Any, _args: tuple[Any, ...], output: Any) -> Any:
        return output.to(dtype)

    return cast
