"""Two linear layers for adapters, as they are and with weights in 4 bits."""

from __future__ import annotations

import torch
from torch import nn

WIDTH = 64


class Two(nn.Module):
    """Two layers, the second with a bias, and something between them that is not linear."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(WIDTH, 3 * WIDTH, bias=False), nn.Linear(3 * WIDTH, WIDTH)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(torch.nn.functional.silu(self.first(x)))


def packed() -> nn.Module:
    """The layers with weights in 4 bits, as models are loaded."""
    from bitsandbytes.nn import Linear4bit

    torch.manual_seed(0)
    plain, model = Two(), Two()
    for name in ("first", "second"):
        layer = getattr(plain, name)
        four_bit = Linear4bit(layer.in_features, layer.out_features, layer.bias is not None, torch.float32, quant_type="nf4")
        four_bit.load_state_dict(layer.state_dict())
        four_bit.support_avx512bf16_for_cpu = False
        setattr(model, name, four_bit.to("cpu"))
    model.is_loaded_in_4bit = True
    return model.requires_grad_(False)
