"""An optimizer that steps one weight tensor at a time, on a copy in float32 at least: for weights in bfloat16, and for states on the CPU.

In bfloat16, a weight has 8 significant bits: an update that is smaller than 0.2% of the weight would be lost by rounding to nearest. There
are two ways to keep it. Stochastic rounding does so on average (Gupta et al., "Deep Learning with Limited Numerical Precision", 2015). What
is drawn depends on the seed, the step and the tensor, so that a training that resumes, or whose states are on another device, rounds in the
same way. Compensated updates keep what rounding has cut off in a second bfloat16 number, and add it before the next step (Kahan summation;
Zamirai et al., "Revisiting BFloat16 Training", 2020).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from harness.engine.distributed import local_part
from harness.engine.tuning.keyed_random import BITS, draw, mix_key

COMPENSATION = "compensation"  # the name of the state


class StagedOptimizer(torch.optim.Optimizer):
    """Steps each weight with an optimizer of its own, whose states are where the copy is."""

    def __init__(self, groups: Any, make: Callable[[Any], Any], seed: int, place: Any = None, *, compensates: bool = False) -> None:
        """
        Args:
            groups: the parameter groups. Of weights that are divided among processes, each process steps the rows that it holds.
            make: makes the optimizer of a list of parameter groups.
            seed: of stochastic rounding.
            place: the device of copies and states; None: that of the weight.
            compensates: add what rounding has cut off to the next update instead of rounding stochastically.
        """
        super().__init__(groups, {"lr": 0.0})
        self._seed, self._compensates = seed, compensates
        self._inner: dict[Any, tuple[Any, Any]] = {}  # by weight: its optimizer and the stand-in that this one steps
        for group in self.param_groups:
            for weight in group["params"]:
                stand_in = torch.nn.Parameter(torch.empty(0, device=place or local_part(weight).device))
                self._inner[weight] = make([stand_in]), stand_in
        self._steps = 0

    def stand_in(self, weight: Any) -> tuple[Any, Any]:
        """The optimizer of a weight, and the tensor that stands in for it, with the weight's current values."""
        inner, stand_in = self._inner[weight]
        stand_in.data = local_part(weight.detach()).to(device=stand_in.device, dtype=torch.promote_types(weight.dtype, torch.float32))
        if (compensation := self.state[weight].get(COMPENSATION)) is not None:
            stand_in.data += compensation
        return inner, stand_in

    def settle(self, weight: Any, compensation: Any = None) -> None:
        """Free the copy of a weight, and show the state of its optimizer as that of the weight.

        Args:
            compensation: what rounding has cut off of the weight.
        """
        inner, stand_in = self._inner[weight]
        stand_in.data, stand_in.grad = torch.empty(0, device=stand_in.device), None
        self.state[weight] = inner.state[stand_in] if compensation is None else {**inner.state[stand_in], COMPENSATION: compensation}
        self._steps = max(self._steps, int(self.state[weight]["step"]))

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Step every weight that has a gradient."""
        number = 0
        self._steps += 1
        for group in self.param_groups:
            for weight in group["params"]:
                number += 1
                if weight.grad is None:
                    continue
                inner, stand_in = self.stand_in(weight)
                stand_in.grad = local_part(weight.grad).to(stand_in)
                inner.param_groups[0]["lr"] = group["lr"]
                inner.step()
                rounded, compensation = self._round(weight, stand_in.data, number)
                local_part(weight).copy_(rounded)
                self.settle(weight, compensation)

    def _round(self, weight: Any, values: Any, number: int) -> tuple[Any, Any]:
        """The new values of the weight with this number in its format, and what is carried to the next step."""
        if not is_narrow(weight):
            return values, None
        if not self._compensates:
            return round_stochastically(values, mix_key(self._seed, self._steps, number)), None
        rounded = values.to(torch.bfloat16)
        return rounded, (values - rounded).to(torch.bfloat16)


def is_narrow(weight: Any) -> bool:
    """Whether the weight is in bfloat16."""
    return bool(weight.dtype == torch.bfloat16)


def round_stochastically(values: Any, key: int) -> Any:
    """float32 numbers in bfloat16, each rounded up with the probability that keeps its mean.

    bfloat16 is the upper half of float32: a uniform number of 16 bits is added to the lower half, which is then cut off.
    """
    rows = values.reshape(-1, values.shape[-1]) if values.ndim else values.reshape(1, 1)
    keys = torch.tensor([key], device=values.device)
    lower = draw(keys, (1, *rows.shape)).reshape(values.shape).to(torch.int32) + (1 << (BITS - 1))
    bits = (values.contiguous().view(torch.int32) + lower) & -(1 << BITS)
    return torch.where(values.isfinite(), bits.view(torch.float32), values).to(torch.bfloat16)
