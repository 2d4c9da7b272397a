"""The energy counters of the machine, if it has any that we may read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_RAPL = Path("/sys/class/powercap")


class EnergyCounter:
    """Joules since an arbitrary start: only differences are meaningful."""

    def __init__(self, device: str) -> None:
        self._read: Callable[[], float] | None = _nvml() if device == "cuda" else _rapl()

    def read(self) -> float | None:
        """The counter in joules; None if there is none."""
        try:
            return self._read() if self._read else None
        except (OSError, ValueError):
            return None


def _rapl() -> Callable[[], float] | None:
    """All processor packages (RAPL). On most machines Linux lets only root read them."""
    packages = [p / "energy_uj" for p in sorted(_RAPL.glob("intel-rapl:*")) if p.name.count(":") == 1]
    try:
        for package in packages:
            package.read_text()
    except OSError:
        return None
    return (lambda: sum(int(p.read_text()) for p in packages) / 1e6) if packages else None  # microjoules


def _nvml() -> Callable[[], float] | None:
    """The GPU that torch uses, found by its UUID because CUDA_VISIBLE_DEVICES may have renumbered it."""
    try:
        import pynvml
        import torch

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(0).uuid}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception:
        return None  # no driver library, or a GPU without a counter
    return lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3  # millijoules
