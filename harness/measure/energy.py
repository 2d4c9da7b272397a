"""The energy counters of the machine, if it has any that we may read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_RAPL = Path("/sys/class/powercap")


class EnergyCounter:
    """Joules since an arbitrary start: only differences are meaningful."""

    def __init__(self, device: str, devices: int = 1) -> None:
        """
        Args:
            devices: the number of GPUs that are counted together, from torch's first on.
        """
        self._read: Callable[[], float] | None = _nvml(devices) if device == "cuda" else _rapl()

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


def _nvml(devices: int) -> Callable[[], float] | None:
    """The GPUs that torch uses, found by their UUIDs because CUDA_VISIBLE_DEVICES may have renumbered them."""
    try:
        import pynvml
        import torch

        pynvml.nvmlInit()
        names = [f"GPU-{torch.cuda.get_device_properties(index).uuid}" for index in range(devices)]
        handles = [pynvml.nvmlDeviceGetHandleByUUID(name) for name in names]
        for handle in handles:
            pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception:
        return None  # no driver library, or a GPU without a counter
    return lambda: sum(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) for handle in handles) / 1e3  # millijoules
