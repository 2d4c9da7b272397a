"""From a base model, a strategy and examples to a tuned model: one training loop for all strategies."""

from harness.tuning.adapt import adapt, check_adapter, load_adapter, save_artifact, trainable_parameters, virtual_tokens
from harness.tuning.batches import EncodedExample, batch_order, micro_batches
from harness.tuning.loop import DivergedError, Progress, train
from harness.tuning.prepare import encode_examples
from harness.tuning.schedule import planned_steps

__all__ = [
    "DivergedError",
    "EncodedExample",
    "Progress",
    "adapt",
    "batch_order",
    "check_adapter",
    "encode_examples",
    "load_adapter",
    "micro_batches",
    "planned_steps",
    "save_artifact",
    "train",
    "trainable_parameters",
    "virtual_tokens",
]
