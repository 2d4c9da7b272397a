"""Models with random weights, for trials of their speed: what a step takes does not depend on the values."""

from __future__ import annotations

from typing import Any

from harness.engine.models.four_bit import avoid_repacking, quantize_when_moved
from harness.engine.models.shape import AUTO_CLASS
from harness.types import QuantizationSpec, Shape

_DRAWN = 1_000_003  # numbers, which are repeated; a prime, so that no two parameters, and no two experts in one, are equal


def _fill_with_random_numbers(model: Any) -> None:
    """Weights of a size that models begin with. Few are drawn, and repeated: drawing 135 million takes two seconds."""
    import torch

    drawn, used = 0.02 * torch.randn(_DRAWN, generator=torch.Generator().manual_seed(0)), 0
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() < 2:  # of a norm, or biases
                parameter.fill_(0.0 if name.endswith("bias") else 1.0)
                continue
            own = drawn.roll(-used)
            for part in parameter.view(-1).split(_DRAWN):
                part.copy_(own[: len(part)])
            used = (used + parameter.numel()) % _DRAWN


def build_random_model(config: Any, shape: Shape, device: str, dtype: str, quantization: QuantizationSpec | None = None) -> Any:
    """A model with random weights on a device, for trials of its speed; no code that comes with a model is run.

    Args:
        config: its configuration; an encoder's has its labels.
        dtype: the name of the format of its weights.
        quantization: the format of its linear layers in 4 bits.
    """
    import torch
    import transformers
    from transformers.initialization import no_init_weights

    number_format = torch.float32 if shape == "encoder" else getattr(torch, dtype)
    with no_init_weights():
        model = getattr(transformers, AUTO_CLASS[shape]).from_config(config, dtype=number_format)
    model.tie_weights()
    _fill_with_random_numbers(model)
    if quantization is not None:
        quantize_when_moved(model, quantization, number_format)
    model.to(device)
    if quantization is not None:
        avoid_repacking(model)
    if shape != "encoder":
        model.config.use_cache = True
    return model.eval()
