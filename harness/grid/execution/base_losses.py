"""The losses of untuned models on general text. The first cell that needs one measures it, for all cells of the run with the same model.

Each of them counts what the measurement cost, as if it had measured alone: which cell came first must not decide what a strategy costs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.engine.models import Device
from harness.grid.execution.job import Event, Job
from harness.store import from_json_text, to_json_line
from harness.types import Cost, Strategy

BASE_LOSS = "base_loss"  # the event that reports a loss


def key_of_base(job: Job, strategy: Strategy, device: Device, dtype: str, context: int) -> str:
    """All that the loss of a strategy's untuned model depends on.

    Args:
        dtype: the number format of its weights; weights that are all trained may have another one than the device computes in.
        context: the tokens that the model takes.
    """
    quantization = None if strategy.quantization is None else strategy.quantization.model_dump(mode="json")
    is_offloaded = job.place.step == "offloaded-weights"  # which takes other time and memory
    return json.dumps([job.model_digest, quantization, device.kind, device.name, device.dtype, dtype, context, is_offloaded])


def report_loss(key: str, loss: float, costs: Sequence[Cost]) -> Event:
    """The event of a measured loss."""
    return {"event": BASE_LOSS, "key": key, "loss": loss, "costs": [to_json_line(Cost, cost) for cost in costs]}


def read_loss(job: Job, key: str) -> tuple[float, Sequence[Cost]] | None:
    """The loss with this key that an earlier cell has reported, and what it cost; None if none has."""
    if (known := job.base_losses.get(key)) is None:
        return None
    return known["loss"], [from_json_text(Cost, text) for text in known["costs"]]


def keep_loss(losses: dict[str, Mapping[str, Any]], event: Event) -> None:
    """Keep a reported loss for the jobs of later cells."""
    losses[event["key"]] = {"loss": event["loss"], "costs": event["costs"]}
