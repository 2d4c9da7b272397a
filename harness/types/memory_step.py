"""The memory ladder: what is done, one thing after the other, until a training fits the memory of its device."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

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
