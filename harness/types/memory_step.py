"""The memory ladder: what is done, one thing after the other, until a training fits the memory of its device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import Field

# Each step includes those before it, as far as the strategy and the model allow them. A step changes memory and speed, and the result
# only by rounding.
MemoryStep: TypeAlias = Literal[
    "as-planned",  # micro-batches of the size that suits the device, or of the strategy's `micro_batch_tokens`
    "smaller-micro-batches",  # halved as often as needed, down to a single example
    "gradient-checkpointing",  # activations of each layer are computed again for the backward pass
    "offloaded-optimizer",  # the optimizer's states, and its step, are on the CPU
    "offloaded-weights",  # frozen weights are on the CPU, and come to the GPU layer by layer
    "sharded",  # weights, gradients and states are spread over several GPUs
]
MEMORY_STEPS: tuple[MemoryStep, ...] = get_args(MemoryStep)
"""The ladder in its order."""


@dataclass(frozen=True)
class LadderPlace:
    """Where an attempt to train begins on the ladder. Of a training that is divided among GPUs, what each of its processes does besides."""

    step: MemoryStep = "as-planned"
    micro_batch_tokens: Annotated[int, Field(ge=1, le=1 << 40)] | None = None
    """The most tokens of a micro-batch; None: as planned."""


AS_PLANNED = LadderPlace()


@dataclass(frozen=True)
class MemoryUse:
    """What a training did to fit its device, and what that cost in speed."""

    step: MemoryStep = "as-planned"
    """The last step of the ladder that it took."""
    devices: int = 1
    """How many processes divided the training among themselves, each with a device of its own."""
    step_of_each: MemoryStep = "as-planned"
    """Of weights that are divided: the last step that every process took besides."""
    micro_batch_tokens: int = 0
    """The most tokens of a micro-batch at its end; 0 if that is unknown."""
    tokens_per_second: float | None = None
    """The speed of training on the last step; None if no optimizer step was taken on it."""
    tokens_per_second_before: float | None = None
    """The speed as planned, before memory ran out; None if the device never had enough memory for that."""
