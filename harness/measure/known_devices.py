"""The shipped table of devices: memory, speed and the price of an hour. One table, for costs and for forecasts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from harness.errors import BenchError, did_you_mean, setting

_TABLE = Path(__file__).with_name("devices.yaml")
_GIB, _GIGA, _TERA = 2**30, 1e9, 1e12


@dataclass(frozen=True)
class KnownDevice:
    """A device of the table.

    Attributes:
        name: as a user writes it, such as "a100-80gb".
        matches: parts of the name that torch reports, whole words.
        memory: bytes that a program can use.
        bandwidth: of the memory, in bytes per second.
        bfloat16, float32: the peak of dense matrix products, in operations per second.
        price: of one hour, in the table's currency; None if it is unknown.
    """

    name: str
    matches: tuple[str, ...]
    memory: int
    bandwidth: float
    bfloat16: float
    float32: float
    price: float | None

    def is_called(self, device_name: str) -> bool:
        """Whether torch's name for a device means this one. Whole words: "H200" must not match a GH200."""
        return any(re.search(rf"\b{re.escape(each)}\b", device_name, re.IGNORECASE) for each in self.matches)


@dataclass(frozen=True)
class DeviceTable:
    """The devices in the order in which their names are tried, with where prices and sizes come from."""

    devices: tuple[KnownDevice, ...]
    currency: str
    prices_source: str
    sizes_source: str
    core_price: float
    """Of one hour of one CPU core."""
    core_source: str

    def find(self, device_name: str) -> KnownDevice | None:
        """The device that torch calls so; None if the table has none."""
        return next((device for device in self.devices if device.is_called(device_name)), None)


@lru_cache(maxsize=1)
def device_table() -> DeviceTable:
    """The shipped table."""
    table = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    gpu, cpu = table["gpu"], table["cpu"]
    return DeviceTable(
        devices=tuple(_read_device(row) for row in gpu["devices"]),
        currency=table["currency"],
        prices_source=f"{gpu['source']}, {gpu['date']}",
        sizes_source=f"{gpu['sizes_source']}, {gpu['sizes_date']}",
        core_price=cpu["per_core_hour"],
        core_source=f"{cpu['source']}, {cpu['date']}",
    )


def _read_device(row: dict[str, Any]) -> KnownDevice:
    return KnownDevice(
        name=row["name"],
        matches=tuple(row["match"]),
        memory=round(row["memory"] * _GIB),
        bandwidth=row["bandwidth"] * _GIGA,
        bfloat16=row["bfloat16"] * _TERA,
        float32=row["float32"] * _TERA,
        price=row["price"],
    )


def get_devices(names: Sequence[str]) -> tuple[KnownDevice, ...]:
    """The devices of these names, in their order, each once.

    Raises:
        BenchError: the table does not have one; with every such name, and those that it has.
    """
    known = {device.name: device for device in device_table().devices}
    unknown = [name for name in names if name.lower() not in known]
    if unknown:
        listed = ", ".join(known)
        raise BenchError(
            [f"{setting('device', name)}: no such device in the table.{_suggest(name, known)} It has: {listed}" for name in unknown]
        )
    return tuple(known[name] for name in dict.fromkeys(name.lower() for name in names))


def _suggest(name: str, known: dict[str, KnownDevice]) -> str:
    """The most similar names; nothing where none is similar, because all are listed anyway."""
    hint = did_you_mean(name.lower().replace(" ", "-").replace("_", "-"), known)
    return hint if "Did you mean" in hint else ""
