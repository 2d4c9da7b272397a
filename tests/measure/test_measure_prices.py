"""The price of a device is looked up by the name that torch reports, and never guessed."""

from __future__ import annotations

import pytest

from harness.measure import get_device_price


@pytest.mark.parametrize(
    ("device", "price"),
    [
        ("NVIDIA H100 80GB HBM3", 4.76),
        ("NVIDIA H100 PCIe", 3.51),
        ("NVIDIA H200", 6.35),
        ("NVIDIA A100-SXM4-80GB", 2.45),
        ("NVIDIA A100-PCIE-40GB", 2.10),
        ("NVIDIA A100 80GB PCIe", 2.10),
        ("NVIDIA L4", 0.78),
        ("NVIDIA L40", 1.22),
        ("NVIDIA L40S", 1.40),
        ("nvidia geforce rtx 4090", 0.60),
    ],
)
def test_known_devices(device: str, price: float) -> None:
    found = get_device_price("cuda", device, 16)
    assert found.per_hour == price
    assert found.currency == "USD"
    assert "2026-03-10" in found.source, "the source has a date"


@pytest.mark.parametrize("device", ["NVIDIA Unheard 9000", "NVIDIA GH200 480GB", "NVIDIA GB200", "NVIDIA GeForce RTX 4090D", "Tesla T4"])
def test_unknown_devices_have_no_price(device: str) -> None:
    found = get_device_price("cuda", device, 16)
    assert found.per_hour is None
    assert found.source == f"the price table has no '{device}'"


def test_cpu_is_priced_per_core() -> None:
    one, four = get_device_price("cpu", "Xeon", 1), get_device_price("cpu", "Xeon", 4)
    assert one.per_hour is not None and one.per_hour > 0
    assert four.per_hour == pytest.approx(4 * one.per_hour)
    assert "4 cores" in four.source


@pytest.mark.parametrize(("device", "name"), [("cpu", "Xeon"), ("cuda", "NVIDIA H100 PCIe"), ("cuda", "NVIDIA Unheard")])
@pytest.mark.parametrize("user_price", [2.5, 0.0])
def test_user_price_takes_precedence(device: str, name: str, user_price: float) -> None:
    found = get_device_price(device, name, 4, user_price)
    assert (found.per_hour, found.source) == (user_price, "set by the user")
