"""What the process of a cell is told, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.types import MemoryStep

Event = Mapping[str, Any]
Emit = Callable[[Event], None]


@dataclass(frozen=True)
class Job:
    """What a worker needs besides the run folder. It is sent as JSON.

    Attributes:
        run, model_folder, cache_folder: absolute paths.
        model_digest: that of the model's content.
        checkpoint_every: seconds.
        at_once: how many cells share the device at a time.
        memory_step: the step of the memory ladder that its training begins with.
        devices: how many GPUs this cell has for itself; 1 on a CPU.
        processes: how many processes train it together, on GPUs each with one of its own.
        micro_batch_tokens: instead of the strategy's own, which did not fit; None: the strategy's.
        environment: variables that its process sets before anything uses a device.
        trust_remote_code: the consent of the request that is carried out. The run.json cannot give it, because it may be a stranger's.
        plugins: the files that the user named, with the digest that each must have.
        support_model: the fields of the `ModelSource` that scores support; empty for tasks without that metric.
        trusts_support_model: allow code that comes with that model.
        serving_seconds: how long the speed of a cell that is done may be measured; 0 runs the cell.
        server: what `Server` holds, for a job that compares the answers of a server with those of a cell that is done; empty for others.
        per_hour, currency: the price of the device, for these measurements.
    """

    run: str
    cell: str
    model_folder: str
    device: Mapping[str, str]
    cache_folder: str
    checkpoint_every: float
    model_digest: str = ""
    at_once: int = 1
    memory_step: MemoryStep = "as-planned"
    devices: int = 1
    processes: int = 1
    micro_batch_tokens: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    trust_remote_code: bool = False
    plugins: Mapping[str, str] = field(default_factory=dict)
    support_model: Mapping[str, str | None] = field(default_factory=dict)
    trusts_support_model: bool = False
    serving_seconds: float = 0.0
    server: Mapping[str, Any] = field(default_factory=dict)
    per_hour: float | None = None
    currency: str = "USD"
