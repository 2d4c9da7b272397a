"""Frozen weights in the memory of the CPU, which come to the device for the time in which their module computes.

It takes 2 bytes per weight and forward pass over the bus instead of as much memory. In training, it needs gradient checkpointing: kept
activations would keep the copies of all weights, too.
"""

from __future__ import annotations

from typing import Any


def offload_layers(model: Any, device: Any) -> int:
    """Keep the matrices inside the model's blocks where they are, on the CPU, and move everything else to the device.

    They must be frozen. Nothing may read them outside of their module's own computation, as merging an adapter does.

    Returns:
        The weights that stay on the CPU, in bytes.
    """
    import torch

    blocks = set(model._no_split_modules or ())
    holders = {
        module: names
        for block in model.modules()
        if type(block).__name__ in blocks
        for module in block.modules()
        if (names := [name for name, p in module.named_parameters(recurse=False) if p.ndim >= 2])
    }
    kept = {id(getattr(module, name)) for module, names in holders.items() for name in names}
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            if id(parameter) not in kept:
                parameter.data = parameter.data.to(device)
        for name, buffer in module.named_buffers(recurse=False):
            module._buffers[name] = buffer.to(device)
    held = 0
    for module, names in holders.items():
        for name in names:
            parameter = getattr(module, name)
            held += parameter.numel() * parameter.element_size()
            if torch.device(device).type == "cuda":
                parameter.data = parameter.data.pin_memory()  # copies from such memory do not wait for the CPU
        _visit_device(module, names, device)
    return held


def _visit_device(module: Any, names: list[str], device: Any) -> None:
    """Give the module copies of these parameters on the device whenever it computes."""
    import torch

    stored = {name: getattr(module, name) for name in names}

    def bring(module: Any, _args: Any) -> None:
        # New parameters, because a backward pass that keeps a copy must not see it replaced.
        for name, parameter in stored.items():
            module._parameters[name] = torch.nn.Parameter(parameter.detach().to(device, non_blocking=True, copy=True), requires_grad=False)

    def release(module: Any, _args: Any, _output: Any) -> None:
        module._parameters.update(stored)

    module.register_forward_pre_hook(bring)
    module.register_forward_hook(release, always_call=True)
