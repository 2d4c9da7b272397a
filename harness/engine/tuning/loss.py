"""Cross-entropy on what is learned: the completion of a decoder, the target of an encoder-decoder, the label of an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from harness.engine.models import decoder_start, logits_only_at, right_padded
from harness.engine.tuning.batches import EncodedExample, Tensors, collate
from harness.types import Shape

LossReduction: TypeAlias = Literal["sum", "none"]  # of the losses of all targets: their sum, or each of them, example by example


def batch_loss(
    model: Any,
    examples: Sequence[EncodedExample],
    pad_id: int,
    device: Any,
    shape: Shape,
    reduction: LossReduction = "sum",
) -> Any:
    """-ln p of all tokens (or labels) of the examples' targets, in float32 at least: their sum, a scalar, or each of them, (targets,).

    The caller divides the sum by the number of targets in the effective batch, so that micro-batches do not change the result.
    """
    if shape == "encoder":
        return _label_loss(model, examples, pad_id, device, reduction)
    if shape == "encoder-decoder":
        return _target_loss(model, examples, pad_id, device, reduction)
    return completion_loss(model, collate(examples, pad_id, device), reduction)


def completion_loss(model: Any, batch: Tensors, reduction: LossReduction = "sum") -> Any:
    """The loss of a decoder: -ln p(token | preceding tokens) of target tokens. No other logits are computed."""
    import torch.nn.functional as F

    with logits_only_at(model, batch.predicts):
        logits = model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False).logits  # (N, V)
    return F.cross_entropy(_widened(logits), batch.targets, reduction=reduction)


def _target_loss(model: Any, examples: Sequence[EncodedExample], pad_id: int, device: Any, reduction: LossReduction) -> Any:
    """The decoder reads the target shifted by one, behind its start token; padding has no loss."""
    import torch.nn.functional as F

    start = decoder_start(model)
    ids, mask = right_padded([example.prompt for example in examples], pad_id, device)  # (B, S)
    inputs, _ = right_padded([(start, *example.target[:-1]) for example in examples], pad_id, device)  # (B, T)
    targets, is_target = right_padded([example.target for example in examples], pad_id, device)  # (B, T)
    logits = model(input_ids=ids, attention_mask=mask, decoder_input_ids=inputs, use_cache=False).logits  # (B, T, V)
    # Positions are selected by the mask, not by an ignored label: some models use their end token, a real target, as padding.
    return F.cross_entropy(_widened(logits[is_target.bool()]), targets[is_target.bool()], reduction=reduction)


def _label_loss(model: Any, examples: Sequence[EncodedExample], pad_id: int, device: Any, reduction: LossReduction) -> Any:
    import torch
    import torch.nn.functional as F

    ids, mask = right_padded([example.prompt for example in examples], pad_id, device)  # (B, S)
    logits = model(input_ids=ids, attention_mask=mask).logits  # (B, labels)
    labels = torch.tensor([example.target[0] for example in examples], device=device)  # (B,)
    return F.cross_entropy(_widened(logits), labels, reduction=reduction)


def _widened(logits: Any) -> Any:
    import torch

    return logits.to(torch.promote_types(logits.dtype, torch.float32))
