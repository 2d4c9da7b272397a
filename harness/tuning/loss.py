"""Cross-entropy on the completion, and nothing computed where there is no loss."""

from __future__ import annotations

from typing import Any

from harness.models.logits import logits_only_at
from harness.tuning.batches import Tensors


def completion_loss(model: Any, batch: Tensors) -> Any:
    """The sum over target tokens of -ln p(token | what is before it); a scalar tensor in float32.

    The caller divides by the target tokens of the whole effective batch, so that cutting it into micro-batches changes nothing.
    """
    import torch.nn.functional as F

    with logits_only_at(model, batch.predicts):
        logits = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False).logits  # (N, V)
    return F.cross_entropy(logits.float(), batch.targets, reduction="sum")
