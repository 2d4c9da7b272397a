"""What an operation takes on tensors without values, compared with what torch allocates inside it on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from cpu_allocations import peak_of

from harness.forecast.meta_tracker import MetaTracker


def attend(tensor: torch.Tensor, queries: int) -> torch.Tensor:
    """Attention of so many queries on 128 keys, in 4 rows with 8 heads of 64 numbers."""
    keys = tensor.view(4, 8, 128, 64)
    return F.scaled_dot_product_attention(keys[:, :, :queries], keys, keys)


Operation = Callable[[torch.Tensor, torch.Tensor], Any]
OPERATIONS: dict[str, Operation] = {
    "sum": lambda narrow, wide: narrow + wide,
    "product with a row": lambda narrow, wide: narrow * wide[:1, :1],
    "sum in the place of the narrow": lambda narrow, wide: narrow.add_(wide),
    "sum in the place of the wide": lambda narrow, wide: wide.add_(narrow),
    "product with a number": lambda narrow, wide: narrow * wide[0, 0, 0],
    "product with a mask": lambda narrow, wide: (narrow > 0) * wide,
    "comparison": lambda narrow, wide: narrow > wide,
    "one format": lambda narrow, wide: narrow * narrow,
    "filled under a mask": lambda narrow, wide: narrow.masked_fill(wide > 0, 0.0),
    "chosen": lambda narrow, wide: torch.where(wide > 0, narrow, 0.0),
    "conversion": lambda narrow, wide: narrow.float(),
    "conversion in place": lambda narrow, wide: narrow.copy_(wide),
    "product and sum": lambda narrow, wide: torch.addcmul(wide, narrow, wide),
    "silu": lambda narrow, wide: F.silu(narrow),
    "attention": lambda narrow, wide: attend(narrow, 128),
    "attention of few queries": lambda narrow, wide: attend(narrow, 9),
    "attention in float32": lambda narrow, wide: attend(wide, 128),
}


def both(device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Zeros: half a MiB in bfloat16, and a MiB in float32."""
    return torch.zeros(16, 128, 128, dtype=torch.bfloat16, device=device), torch.zeros(16, 128, 128, device=device)


@torch.no_grad()
def watched_peak(operation: Operation, *, on_cpu: bool) -> int:
    tensors, tracker = both("meta"), MetaTracker(is_full=True, on_cpu=on_cpu)
    tracker.ignore(tensors)
    with tracker.watch():
        operation(*tensors)
    return round(tracker.counts.peak)


@pytest.mark.parametrize("name", OPERATIONS)
@torch.no_grad()
def test_an_operation_takes_what_torch_allocates_inside_it(name: str) -> None:
    tensors = both("cpu")
    real = peak_of(lambda: OPERATIONS[name](*tensors))
    assert watched_peak(OPERATIONS[name], on_cpu=True) == pytest.approx(real, rel=0.1, abs=32 * 1024), "attention has a little for each row"


def test_a_gpu_converts_numbers_as_it_reads_them() -> None:
    assert watched_peak(OPERATIONS["sum"], on_cpu=False) == watched_peak(OPERATIONS["sum"], on_cpu=True) // 2 == 2**20
