"""How many cells run at the same time, and how many devices each of them may have."""

from __future__ import annotations

from harness.engine.models import Device
from harness.errors import BenchError, setting


def check_devices_per_cell(devices_per_cell: int, device: Device) -> None:
    """Check that a cell can have so many devices in one machine. A CPU can have any number of processes.

    Raises:
        BenchError: there are fewer GPUs.
    """
    if device.kind == "cpu" or devices_per_cell <= device.most_together:
        return
    asked = setting("devices_per_cell", str(devices_per_cell))
    if device.nodes:
        raise BenchError(
            f"{asked} needs so many GPUs in one node of the cluster, and the largest has {device.most_together} ({device.name}): a cell is "
            "not divided among nodes"
        )
    there = f"there is one {device.name}" if len(device.indices) == 1 else f"there are {len(device.indices)} ({device.name})"
    raise BenchError(f"{asked} needs so many GPUs of one kind, and {there}")


def choose_cells_at_once(jobs: int | None, device: Device, devices_per_cell: int, *, shares_device: bool) -> int:
    """The number of cells that run at the same time.

    Raises:
        BenchError: cells would share a device that must not be shared.
    """
    if shares_device:
        return jobs or 1
    devices = len(device.indices)
    most = device.count_places(devices_per_cell if device.kind == "cuda" else 1)
    if jobs is not None and jobs > most:
        kind = "GPU" if device.kind == "cuda" else "device"
        there_are = f"there is one {kind}" if devices == 1 else f"there are {devices} {kind}s"
        needed = "a device" if devices_per_cell == 1 else f"{devices_per_cell} devices" + (" in one node" if device.nodes else "")
        raise BenchError(
            f"{setting('jobs', str(jobs))} needs {needed} for each cell, and {there_are} ({device.name}): cells that share one would "
            f"distort each other's costs. Use {setting('jobs', str(most))}, or leave it out"
        )
    return jobs or most


def most_devices(device: Device, devices: int | None) -> int:
    """How many devices a cell may have that fits no fewer, of those that all cells together may use."""
    return min(devices or 1, device.most_together) if device.kind == "cuda" else 1
