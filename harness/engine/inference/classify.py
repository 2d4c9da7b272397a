"""Encoders: the likelihood of every label, from the classification head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.engine.inference.answering_layers import answering
from harness.engine.inference.generate import require_finite
from harness.engine.models import right_padded


def classify(model: Any, prompts: Sequence[Sequence[int]], pad_id: int) -> list[list[float]]:
    """Natural-log likelihoods (B, labels); the likelihoods of one prompt sum to 1."""
    ids, mask = right_padded(prompts, pad_id, next(model.parameters()).device)  # (B, S)
    with answering(model):
        logprobs = model(input_ids=ids, attention_mask=mask).logits.float().log_softmax(dim=-1)
    require_finite(logprobs)
    rows: list[list[float]] = logprobs.tolist()
    return rows
