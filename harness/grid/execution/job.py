"""What the process of a cell is told, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from harness.types import AS_PLANNED, LadderPlace

if TYPE_CHECKING:
    from harness.engine.served import FailedAttempt

Event = Mapping[str, Any]
Emit = Callable[[Event], None]
GroupWork: TypeAlias = Literal["train", "answer"]  # what several processes do together with one model


def retry_event(failed: FailedAttempt) -> dict[str, Any]:
    """What a cell tells while a request to a host waits to be repeated, which may take minutes."""
    return {"event": "retry", **asdict(failed)}


@dataclass(frozen=True)
class Job:
    """What a worker needs besides the run folder. It is sent as JSON, of which `read_job` makes it again.

    Attributes:
        run, model_folder, cache_folder: absolute paths.
        model_digest: that of the model's content.
        checkpoint_every: seconds.
        at_once: how many cells share the device at a time.
        place: where on the memory ladder its training begins.
        killed_bytes: the resident memory of the last attempt at this place when the system ran out of memory and killed it, 0 if it is not
            known; None if there was no such attempt.
        devices: how many GPUs this cell has for itself; 1 on a CPU.
        processes: how many processes train it together, on GPUs each with one of its own. They also answer together.
        most_processes: how many it may have if it fits no fewer devices.
        environment: variables that its process sets before anything uses a device.
        trust_remote_code: the consent of the request that is carried out. The run.json cannot give it, because it may be a stranger's.
        plugins: the files that the user named, with the digest that each must have.
        support_model: the fields of the `ModelSource` that scores support; empty for tasks without that metric.
        trusts_support_model: allow code that comes with that model.
        serving_seconds: how long the speed of a cell that is done may be measured; 0 runs the cell.
        together: the cells that are trained together, `cell` among them; empty for a job of one cell.
        server: what `Server` holds, for a job that compares the answers of a server with those of a cell that is done; empty for others.
        per_hour, currency: the price of the device, for these measurements.
        base_losses: what earlier cells have measured, see `base_losses.py`.
    """

    run: str
    cell: str
    model_folder: str
    device: Mapping[str, str]
    cache_folder: str
    checkpoint_every: float
    model_digest: str = ""
    at_once: int = 1
    place: LadderPlace = AS_PLANNED
    killed_bytes: int | None = None
    devices: int = 1
    processes: int = 1
    most_processes: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    trust_remote_code: bool = False
    plugins: Mapping[str, str] = field(default_factory=dict)
    support_model: Mapping[str, str | None] = field(default_factory=dict)
    trusts_support_model: bool = False
    serving_seconds: float = 0.0
    together: Sequence[str] = ()
    server: Mapping[str, Any] = field(default_factory=dict)
    per_hour: float | None = None
    currency: str = "USD"
    base_losses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def with_processes(self, processes: int) -> Job:
        """The same cell, trained by so many processes, on GPUs each with one of its own."""
        return replace(self, processes=processes, devices=processes if self.device["kind"] == "cuda" else 1)


def read_job(fields: Mapping[str, Any]) -> Job:
    """The job with these fields of JSON."""
    return Job(**{**fields, "place": LadderPlace(**fields["place"])})
