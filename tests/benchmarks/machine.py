"""What this machine can do at most: the speed of its matrix products."""

from __future__ import annotations

import os
import time

SIZE = 2048  # rows and columns of the matrices


def matrix_ceiling(dtype: str, *, repeats: int = 5, size: int = SIZE) -> float:
    """GFLOP/s of square matrix products in `dtype` with this process's threads: the best of some repeats."""
    import torch

    left, right = (torch.randn(size, size, dtype=getattr(torch, dtype)) for _ in range(2))
    seconds = []
    for _ in range(repeats + 1):  # the first one prepares the kernel
        start = time.perf_counter()
        left @ right
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / min(seconds[1:]) / 1e9


def machine_line() -> str:
    """The processor, its threads, and the versions that decide about speed."""
    import torch
    import transformers

    from harness.engine.models import find_device

    threads = torch.get_num_threads()
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    versions = f"torch {torch.__version__.split('+')[0]}, transformers {transformers.__version__}"
    return f"{find_device().name}, threads: {threads}, {versions}, load before the first round: {load}"
