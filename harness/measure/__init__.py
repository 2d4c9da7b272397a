"""What a phase costs: seconds, peak memory, tokens, energy and money; and the environment of a run."""

from harness.measure.environment import (
    RESULT_PACKAGES,
    cascade_digest,
    code_digest,
    cpu_name,
    environment,
    foreign_digest,
    get_result_versions,
    hosted_digest,
    leak_test_digest,
    trial_digest,
    usable_cores,
)
from harness.measure.freed_memory import keep_freed_memory, keeping_freed_memory, return_freed_memory
from harness.measure.known_devices import DeviceTable, KnownDevice, device_table, get_devices
from harness.measure.meter import Meter
from harness.measure.prices import Price, get_device_price

__all__ = [
    "RESULT_PACKAGES",
    "DeviceTable",
    "KnownDevice",
    "Meter",
    "Price",
    "cascade_digest",
    "code_digest",
    "cpu_name",
    "device_table",
    "environment",
    "foreign_digest",
    "get_device_price",
    "get_devices",
    "get_result_versions",
    "hosted_digest",
    "keep_freed_memory",
    "keeping_freed_memory",
    "leak_test_digest",
    "return_freed_memory",
    "trial_digest",
    "usable_cores",
]
