"""The energy of a GPU is that of the device which the process uses, whatever its number is for the driver."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from harness.measure.energy import EnergyCounter


def test_energy_is_read_from_the_device_that_torch_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    """NVML knows nothing of CUDA_VISIBLE_DEVICES: torch's device 0 is the driver's device 1 here."""
    millijoules = {"GPU-first": 1_000.0, "GPU-second": 5_000.0}
    nvml = SimpleNamespace(
        nvmlInit=lambda: None, nvmlDeviceGetHandleByUUID=lambda uuid: uuid, nvmlDeviceGetTotalEnergyConsumption=millijoules.__getitem__
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda index: SimpleNamespace(uuid="second"))
    assert EnergyCounter("cuda").read() == 5.0


def test_device_that_the_driver_does_not_know_has_no_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uuid: str) -> None:
        raise RuntimeError("not found")

    monkeypatch.setitem(sys.modules, "pynvml", SimpleNamespace(nvmlInit=lambda: None, nvmlDeviceGetHandleByUUID=unknown))
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda index: SimpleNamespace(uuid="second"))
    assert EnergyCounter("cuda").read() is None
