"""Passes through two small layers with an adapter, computed by this project or by PEFT."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
from adapted_layers import WIDTH, Two
from peft import LoraConfig, get_peft_model
from torch import nn

from harness.engine.tuning import KeyedRandom, fused_lora

TOKENS, EXAMPLES = 24, 6


class Parallel(Two):
    """Adds to the output of a layer in place, as Falcon does, and changes another one in place, as Longformer does."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.first(x)
        inner /= 2
        output: torch.Tensor = self.second(torch.nn.functional.silu(inner))
        output += x
        return output


def adapted(base: nn.Module | None = None, **options: Any) -> Any:
    """An adapter whose second factors are not zero, as after some steps."""
    torch.manual_seed(0)
    model = get_peft_model(base or Two(), LoraConfig(**{"r": 4, "lora_alpha": 12, "target_modules": ["first", "second"], **options}))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.1)
    return model.train()


def inputs(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, WIDTH, generator=torch.Generator().manual_seed(1)).to(dtype).requires_grad_()


def compute(model: Any, x: torch.Tensor, *, fused: bool, autocast: torch.dtype | None = None) -> list[torch.Tensor]:
    """The output of a pass, the gradient of x, and those of the adapter."""
    random = KeyedRandom(seed=3)
    random.begin(1, range(EXAMPLES))
    model.zero_grad()
    x.grad = None
    with random.replacing_dropout(), fused_lora(model, random, autocast) if fused else nullcontext():
        with torch.autocast("cpu", dtype=autocast) if autocast else nullcontext():
            output = model(x)
        (output.float() * torch.linspace(-1, 1, output.numel()).view(output.shape)).sum().backward()
    assert x.grad is not None
    return [output.detach(), x.grad, *(each.grad for each in model.parameters() if each.requires_grad)]
