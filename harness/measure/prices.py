"""What an hour of a device costs: the user's own price, else the shipped table by device name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

_TABLE = Path(__file__).with_name("prices.yaml")


@dataclass(frozen=True)
class Price:
    """Money for one hour of a device, and where the number is from. `per_hour` is None where nobody said."""

    per_hour: float | None
    currency: str
    source: str


def price_of(device: str, device_name: str, cores: int, own: float | None = None) -> Price:
    """The price of one hour.

    Args:
        device: "cpu" or "cuda".
        device_name: as torch reports it, such as "NVIDIA H100 80GB HBM3".
        cores: CPU cores in use; a CPU is priced by the core.
        own: what the user pays, which wins over the table.
    """
    if own is not None:
        return Price(own, "USD", "--price")
    table = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    currency = table["currency"]
    if device == "cpu":
        cpu = table["cpu"]
        return Price(cpu["per_core_hour"] * cores, currency, f"{cpu['source']}, {cpu['date']}, times {cores} cores")
    gpu = table["gpu"]
    for row in gpu["per_hour"]:
        if re.search(rf"\b{re.escape(row['match'])}\b", device_name, re.IGNORECASE):  # whole words: a GH200 is no H200
            return Price(row["price"], currency, f"{gpu['source']}, {gpu['date']}")
    return Price(None, currency, f"no price is known for '{device_name}': give one with --price")
