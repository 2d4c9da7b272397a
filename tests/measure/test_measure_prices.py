"""What an hour costs: by the name that torch gives a device, and never by a guess."""

from __future__ import annotations

import pytest

from harness.measure import price_of


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
    found = price_of("cuda", device, 16)
    assert found.per_hour == price
    assert found.currency == "USD"
    assert "2026-03-10" in found.source, "a price has its source and date"


@pytest.mark.parametrize("device", ["NVIDIA Unheard 9000", "NVIDIA GH200 480GB", "NVIDIA GB200", "NVIDIA GeForce RTX 4090D", "Tesla T4"])
def test_unknown_devices_have_no_price_and_say_what_to_do(device: str) -> None:
    found = price_of("cuda", device, 16)
    assert found.per_hour is None
    assert found.source == f"no price is known for '{device}': give one with --price"


def test_a_cpu_is_priced_by_the_core() -> None:
    one, four = price_of("cpu", "Xeon", 1), price_of("cpu", "Xeon", 4)
    assert one.per_hour is not None and one.per_hour > 0
    assert four.per_hour == pytest.approx(4 * one.per_hour)
    assert "4 cores" in four.source


@pytest.mark.parametrize(("device", "name"), [("cpu", "Xeon"), ("cuda", "NVIDIA H100 PCIe"), ("cuda", "NVIDIA Unheard")])
@pytest.mark.parametrize("own", [2.5, 0.0])
def test_what_the_user_pays_wins(device: str, name: str, own: float) -> None:
    found = price_of(device, name, 4, own)
    assert (found.per_hour, found.source) == (own, "--price")
