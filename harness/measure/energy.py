"""Energy counters of the machine, where it has them and lets us read them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_RAPL = Path("/sys/class/powercap/intel-rapl:0/energy_uj")


class EnergyCounter:
    """Joules since some start; only differences mean anything."""

    def __init__(self, device: str) -> None:
        self._read: Callable[[], float] | None = _nvml() if device == "cuda" else _rapl()

    def read(self) -> float | None:
        """The counter in joules, or None where there is none."""
        try:
            return self._read() if self._read else None
        except (OSError, ValueError):
            return None


def _rapl() -> Callable[[], float] | None:
    try:
        _RAPL.read_text()
    except OSError:
        return None
    return lambda: int(_RAPL.read_text()) / 1e6  # microjoules of the first package


def _nvml() -> Callable[[], float] | None:
    try:
        import pynvml  # type: ignore[import-not-found,import-untyped,unused-ignore]

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception:
        return None  # not installed, or a card without a counter
    return lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3  # millijoules
