"""The price of a device per hour: what the user pays, or the shipped table."""

from __future__ import annotations

from dataclasses import dataclass

from harness.measure.known_devices import device_table


@dataclass(frozen=True)
class Price:
    """The price of one hour of a device, and where it comes from."""

    per_hour: float | None
    """In `currency`; None if it is unknown."""
    currency: str
    source: str
    """A sentence for reports."""


def get_device_price(device: str, device_name: str, cores: int, user_price: float | None = None) -> Price:
    """The price of one hour.

    Args:
        device: "cpu", "cuda" or "mps".
        device_name: as torch reports it, such as "NVIDIA H100 80GB HBM3".
        cores: the CPU cores in use; a CPU is priced per core.
        user_price: what the user pays in USD; takes precedence over the table.
    """
    if user_price is not None:
        return Price(user_price, "USD", "set by the user")
    table = device_table()
    if device == "cpu":
        return Price(table.core_price * cores, table.currency, f"{table.core_source}, times {cores} cores")
    known = table.find(device_name)
    if known is None or known.price is None:
        return Price(None, table.currency, f"the price table has no '{device_name}'")
    return Price(known.price, table.currency, table.prices_source)
