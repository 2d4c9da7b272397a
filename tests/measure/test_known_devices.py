"""The table of devices: names that users type, and names that torch reports."""

from __future__ import annotations

import pytest

from harness.errors import BenchError
from harness.measure import device_table, get_devices


def test_names_are_unique_and_sizes_are_plausible() -> None:
    devices = device_table().devices
    assert len({device.name for device in devices}) == len(devices)
    for device in devices:
        assert 8 * 2**30 < device.memory < 400 * 2**30
        assert 1e11 < device.bandwidth < 2e13 and device.float32 < device.bfloat16 < 1e16


@pytest.mark.parametrize(
    ("reported", "name"),
    [
        ("NVIDIA A100-SXM4-80GB", "a100-80gb"),
        ("NVIDIA A100-PCIE-40GB", "a100-40gb"),
        ("NVIDIA A100 80GB PCIe", "a100-80gb-pcie"),
        ("NVIDIA A10", "a10"),
        ("NVIDIA H100 PCIe", "h100-pcie"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
    ],
)
def test_names_of_torch(reported: str, name: str) -> None:
    found = device_table().find(reported)
    assert found is not None and found.name == name


def test_devices_are_named_in_any_case_and_each_once() -> None:
    assert [device.name for device in get_devices(["RTX-4090", "h100", "rtx-4090"])] == ["rtx-4090", "h100"]


def test_unknown_devices_are_one_error_with_similar_names_and_the_list() -> None:
    with pytest.raises(BenchError) as caught:
        get_devices(["h100", "rtx 4900", "abacus"])
    first, second = caught.value.problems
    assert "rtx 4900" in first and "Did you mean 'rtx-4090'" in first
    assert "abacus" in second and "Did you mean" not in second and "a100-80gb, rtx-pro-6000" in second
