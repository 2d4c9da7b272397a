"""From a base model, a strategy and examples to a tuned model: one training loop for all strategies."""

from harness.engine.tuning.adapt import adapt, check_adapter, load_adapter, save_artifact, trainable_parameters, virtual_tokens
from harness.engine.tuning.batches import EncodedExample, batch_order, micro_batches
from harness.engine.tuning.general_text_loss import general_loss
from harness.engine.tuning.loop import DivergedError, Progress, train
from harness.engine.tuning.lr_schedule import planned_steps
from harness.engine.tuning.prepare import encode_examples

__all__ = [
    "DivergedError",
    "EncodedExample",
    "Progress",
    "adapt",
    "batch_order",
    "check_adapter",
    "encode_examples",
    "general_loss",
    "load_adapter",
    "micro_batches",
    "planned_steps",
    "save_artifact",
    "train",
    "trainable_parameters",
    "virtual_tokens",
]
