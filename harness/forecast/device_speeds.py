"""How fast a device computes: from the shipped table, or measured on this machine in a moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from harness.measure import KnownDevice

# Of the peaks in a data sheet, what training reaches: large products run at half to two thirds of the rate of a GPU, copies at about four
# fifths of its bandwidth.
_PRODUCT_SHARE, _BANDWIDTH_SHARE = 0.6, 0.8
_GPU_LAUNCH = 8e-6  # seconds that Python and the driver take for a kernel
_ROWS = 1024  # tokens in a product of the calibration
_REPEATS = 5


@dataclass(frozen=True)
class DeviceSpeeds:
    """The speeds that a forecast of time rests on.

    Attributes:
        products: operations per second of matrix products, in the format that the model computes in.
        bandwidth: bytes per second of everything else.
        launch: seconds that starting an operation takes.
        is_measured: whether they were measured on this machine.
    """

    products: float
    bandwidth: float
    launch: float
    is_measured: bool


def table_speeds(device: KnownDevice, dtype: str) -> DeviceSpeeds:
    """What a device of the table reaches."""
    peak = device.float32 if dtype == "float32" else device.bfloat16
    return DeviceSpeeds(_PRODUCT_SHARE * peak, _BANDWIDTH_SHARE * device.bandwidth, _GPU_LAUNCH, is_measured=False)


@lru_cache(maxsize=32)
def measure_speeds(kind: str, dtype: str, width: int) -> DeviceSpeeds:
    """The speeds of this machine's device, measured in about 0.1 seconds. Random numbers that are drawn later are the same as without it.

    Args:
        kind: "cpu" or "cuda".
        dtype: of matrix products.
        width: of the model's layers: small products are slower.
    """
    import torch

    device = torch.device(kind)
    with torch.random.fork_rng(devices=None if kind == "cuda" else []):
        rows = torch.randn(_ROWS, width, device=device, dtype=getattr(torch, dtype))
        weights = torch.randn(width, width, device=device, dtype=getattr(torch, dtype))
        numbers = torch.randn(2 * _ROWS, 4 * width, device=device)  # as large as activations are: smaller ones stay in a cache
        small = torch.randn(8, device=device)
    with torch.no_grad():
        product = _shortest(lambda: rows @ weights, kind)
        copy = _shortest(lambda: numbers + numbers, kind)
        launch = _shortest(lambda: _repeat(lambda: small + small, 100), kind) / 100
    return DeviceSpeeds(
        products=2.0 * _ROWS * width * width / product,
        bandwidth=3.0 * numbers.numel() * numbers.element_size() / copy,
        launch=launch * _CALLS,
        is_measured=True,
    )


# A module of transformers or PEFT runs Python around each kernel: so many times as long as torch alone takes to start a small one.
_CALLS = 4.0


def _repeat(run: Callable[[], Any], times: int) -> None:
    for _ in range(times):
        run()


def _shortest(run: Callable[[], Any], kind: str) -> float:
    """Seconds of the fastest of several runs: others may use the machine at the same time."""
    import torch

    run()
    best = float("inf")
    for _ in range(_REPEATS):
        began = time.perf_counter()
        run()
        if kind == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - began)
    return best
