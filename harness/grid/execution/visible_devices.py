"""Which GPUs of this machine each cell has: its process sees them and no others.

The process is told by an environment variable, which CUDA and ROCm read when they are initialized, and not when torch is imported. torch
says so where it counts devices (`torch.cuda.device_count`: not cached "prior to CUDA initialization, because the number of devices can
change due to changes to CUDA_VISIBLE_DEVICES"). So a process that was forked with torch imported can still be given its device.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from harness.engine.models import Device
from harness.errors import BenchError
from harness.grid.execution.job import Job


class VisibleDevices:
    """The devices that are free, and those that cells have."""

    def __init__(self, device: Device, environment: Mapping[str, str] = os.environ) -> None:
        """
        Args:
            device: that of the run. A CPU is shared: nothing is hidden.
            environment: of this process.
        """
        self._variable = _find_variable(environment) if device.kind == "cuda" else ""
        inherited = [name.strip() for name in environment.get(self._variable, "").split(",") if name.strip()]
        self._free: list[str] = []
        if device.kind == "cuda":  # torch's numbers count the devices that this process sees; the variable names them as the driver does
            self._free = [inherited[index] if inherited else str(index) for index in device.indices]
        self._count = len(self._free)
        self._taken: dict[str, Sequence[str]] = {}

    def take(self, job: Job) -> dict[str, str]:
        """Give a cell its devices; returns the environment variables that its process needs.

        Raises:
            BenchError: the cell needs more GPUs than are free.
        """
        if not self._count:
            return {}
        taken = self._free[: job.devices]
        if len(taken) < job.devices:  # an empty variable would hide all devices
            raise BenchError(f"the cell {job.cell} needs {job.devices} GPUs, and {len(taken)} of {self._count} is free")
        del self._free[: job.devices]
        self._taken[job.cell] = taken
        return {self._variable: ",".join(taken)}

    def give_back(self, cell: str) -> None:
        """Take back the devices of a cell that has ended."""
        self._free += self._taken.pop(cell, ())


def _find_variable(environment: Mapping[str, str]) -> str:
    """The variable that says which GPUs a process sees. ROCm obeys that of CUDA, too, unless its own is set."""
    import torch

    is_rocm_variable_set = torch.version.hip is not None and environment.get("HIP_VISIBLE_DEVICES")
    return "HIP_VISIBLE_DEVICES" if is_rocm_variable_set else "CUDA_VISIBLE_DEVICES"
