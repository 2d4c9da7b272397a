"""Cross-entropy on what is to be learned: the completion of a decoder, the target of an encoder-decoder, the label of an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.engine.models import decoder_start, logits_only_at, right_padded
from harness.engine.tuning.batches import EncodedExample, Tensors, collate
from harness.types import Shape


def batch_loss(model: Any, rows: Sequence[EncodedExample], pad_id: int, device: Any, shape: Shape) -> Any:
    """The sum over all entries of the rows' targets of -ln p; a scalar tensor in float32.

    The caller divides by the targets of the whole effective batch, so that cutting it into micro-batches changes nothing.
    """
    if shape == "encoder":
        return _label_loss(model, rows, pad_id, device)
    if shape == "encoder-decoder":
        return _target_loss(model, rows, pad_id, device)
    return completion_loss(model, collate(rows, pad_id, device))


def completion_loss(model: Any, batch: Tensors) -> Any:
    """The loss of a decoder: the sum over target tokens of -ln p(token | what is before it), and no logits where there is none."""
    import torch.nn.functional as F

    with logits_only_at(model, batch.predicts):
        logits = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False).logits  # (N, V)
    return F.cross_entropy(logits.float(), batch.targets, reduction="sum")


def _target_loss(model: Any, rows: Sequence[EncodedExample], pad_id: int, device: Any) -> Any:
    """The decoder reads the target one place later, behind its start token; places of padding have no loss."""
    import torch.nn.functional as F

    start = decoder_start(model)
    ids, mask = right_padded([row.prompt for row in rows], pad_id, device)  # (B, S)
    fed, _ = right_padded([(start, *row.target[:-1]) for row in rows], pad_id, device)  # (B, T)
    targets, real = right_padded([row.target for row in rows], pad_id, device)  # (B, T)
    logits = model(input_ids=ids, attention_mask=mask, decoder_input_ids=fed, use_cache=False).logits  # (B, T, V)
    # Indexing by the mask, not an ignored label: pads can be real targets of models whose pad is their end token.
    return F.cross_entropy(logits[real.bool()].float(), targets[real.bool()], reduction="sum")


def _label_loss(model: Any, rows: Sequence[EncodedExample], pad_id: int, device: Any) -> Any:
    import torch
    import torch.nn.functional as F

    ids, mask = right_padded([row.prompt for row in rows], pad_id, device)  # (B, S)
    logits = model(input_ids=ids, attention_mask=mask).logits  # (B, labels)
    return F.cross_entropy(logits.float(), torch.tensor([row.target[0] for row in rows], device=device), reduction="sum")
