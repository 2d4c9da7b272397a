"""The price of a device per hour: what the user pays, or the shipped table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

_TABLE = Path(__file__).with_name("prices.yaml")


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
        device: "cpu" or "cuda".
        device_name: as torch reports it, such as "NVIDIA H100 80GB HBM3".
        cores: the CPU cores in use; a CPU is priced per core.
        user_price: what the user pays in USD; takes precedence over the table.
    """
    if user_price is not None:
        return Price(user_price, "USD", "set by the user")
    table = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    currency = table["currency"]
    if device == "cpu":
        cpu = table["cpu"]
        return Price(cpu["per_core_hour"] * cores, currency, f"{cpu['source']}, {cpu['date']}, times {cores} cores")
    gpu = table["gpu"]
    for row in gpu["per_hour"]:
        if re.search(rf"\b{re.escape(row['match'])}\b", device_name, re.IGNORECASE):  # whole words: "H200" must not match a GH200
            return Price(row["price"], currency, f"{gpu['source']}, {gpu['date']}")
    return Price(None, currency, f"the price table has no '{device_name}'")
