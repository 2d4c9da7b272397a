"""The validation loss of each example by itself, for comparisons between trials of a search."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from harness.engine.models import Device
from harness.engine.tuning.batches import EncodedExample, micro_batches
from harness.engine.tuning.loss import batch_loss
from harness.engine.tuning.trainer import MICRO_BATCH_TOKENS
from harness.measure import Meter
from harness.types import Shape


def example_losses(
    model: Any, examples: Sequence[EncodedExample], *, pad_id: int, device: Device, shape: Shape, meter: Meter
) -> list[tuple[float, int]]:
    """The sum of -ln p over the tokens of each example's target, in nats, and the number of these tokens; in the order of the examples.

    It computes in the number format of training. Of an example without a prompt, nothing predicts the first token, which is left out.
    """
    import torch

    positions = {id(example): i for i, example in enumerate(examples)}
    losses: list[tuple[float, int]] = [(0.0, 0)] * len(examples)
    is_mixed = device.mixed_precision != "no" and shape != "encoder"
    autocast = torch.autocast(device.kind, dtype=device.torch_dtype) if is_mixed else nullcontext()
    was_training = model.training
    model.eval()
    with torch.no_grad(), meter.phase("validate"), autocast:
        for batch in micro_batches(examples, MICRO_BATCH_TOKENS[device.kind]):
            tokens = batch_loss(model, batch, pad_id, next(model.parameters()).device, shape, "none")  # (targets,)
            counts = [example.targets if example.prompt or shape != "decoder" else example.targets - 1 for example in batch]
            for example, part in zip(batch, tokens.split(counts), strict=True):
                losses[positions[id(example)]] = (float(part.sum()), len(part))
            meter.count_tokens(sum(example.length for example in batch))
    model.train(was_training)
    return losses
