"""The processes that train one model together, and what they tell each other: sums of numbers and gradients, and decisions of the first.

Nothing is sent as a Python object, because torch would pickle it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

# A process waits for the others while the first one writes a checkpoint, which takes minutes for a large model on a slow disk. A process
# that ends is noticed at once by the one that started it.
_PATIENCE = timedelta(minutes=60)


@dataclass(frozen=True)
class ProcessGroup:
    """This process among those of a training. A group of one process does nothing in any of its methods."""

    rank: int = 0
    """The number of this process, from 0."""
    size: int = 1
    """The number of processes."""
    device: str = "cpu"
    """The torch device that tensors must be on to be sent."""

    @property
    def is_first(self) -> bool:
        """Whether this process reports progress and writes files."""
        return self.rank == 0

    def sum(self, numbers: Sequence[float]) -> list[float]:
        """The sums of the processes' numbers, in double precision; equal on all of them."""
        if self.size == 1:
            return list(numbers)
        import torch
        import torch.distributed as dist

        total = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return [float(number) for number in total]

    def decide(self, choice: bool) -> bool:
        """The choice of the first process, on all of them."""
        return self.sum([float(choice and self.is_first)])[0] > 0

    def wait(self) -> None:
        """Wait until all processes are here."""
        self.sum([0.0])

    def sum_gradients(self, parameters: Iterable[Any]) -> None:
        """Replace the gradients of parameters that every process holds by their sums. A missing gradient counts as zero."""
        if self.size == 1:
            return
        import torch
        import torch.distributed as dist

        for parameter in parameters:
            if not parameter.requires_grad:
                continue
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            dist.all_reduce(parameter.grad)


ONE_PROCESS = ProcessGroup()


@contextmanager
def join_group(rank: int, size: int, meeting_point: Path, device: str, patience: timedelta = _PATIENCE) -> Iterator[ProcessGroup]:
    """Join the other processes of a training on this machine; returns when all are there. Each process uses the GPU with its number.

    Args:
        meeting_point: a file that does not exist yet, in a folder that only this user can write to.
        device: "cuda", whose GPUs talk through NCCL, or "cpu", where processes talk through gloo on the loopback address.
        patience: how long a process waits for another one before it fails.

    Raises:
        RuntimeError: a process did not come, or is gone.
    """
    import torch
    import torch.distributed as dist

    options: dict[str, Any] = {}
    if device == "cuda":
        torch.cuda.set_device(rank)
        options["device_id"] = torch.device("cuda", rank)
    elif loopback := _loopback():
        os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback)  # gloo would look up the name of the host, which containers often lack
    dist.init_process_group(
        "nccl" if device == "cuda" else "gloo",
        store=dist.FileStore(str(meeting_point), size),  # type: ignore[attr-defined]  # it is public, but not listed
        rank=rank,
        world_size=size,
        timeout=patience,
        **options,
    )
    try:
        yield ProcessGroup(rank, size, device)
    finally:
        dist.destroy_process_group()


def _loopback() -> str | None:
    """The name of the network interface that stays on this machine."""
    return next((name for _, name in socket.if_nameindex() if name in ("lo", "lo0")), None)
