"""Greedy generation for a batch of prompts, with rows that have finished taken out of the batch.

Equal to `model.generate(do_sample=False)` row by row; written out because that one carries finished rows along to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import BenchError
from harness.types import Finish

# Rows are dropped once this share of the batch has finished: each drop copies the cache of those that stay.
_DROP_SHARE = 0.25


@dataclass(frozen=True)
class Generated:
    """Token ids of one output, without its end token, and what ended it."""

    ids: list[int]
    finish: Finish


def generate(
    model: Any,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    stop_ids: Collection[int],
    pad_id: int,
    ended: Callable[[Sequence[int]], bool] | None = None,
) -> list[Generated]:
    """The most likely next token, again and again, for a batch of prompts.

    Args:
        ended: whether an output, given as its ids so far, has come to its end without an end token (it wrote a stop text).
    """
    import torch
    from transformers import DynamicCache

    device = next(model.parameters()).device
    ids, mask = left_padded(prompts, pad_id, device)  # (B, T), (B, T)
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    stops = torch.tensor(sorted(stop_ids), device=device)
    cache = DynamicCache(config=model.config)
    rows = list(range(len(prompts)))  # which prompt each row of the batch belongs to
    outputs: list[list[int]] = [[] for _ in prompts]
    finishes: list[Finish] = ["length"] * len(prompts)
    alive = torch.ones(len(prompts), dtype=torch.bool, device=device)

    with torch.no_grad():
        for _ in range(max_new_tokens):
            logits = model(
                input_ids=ids, attention_mask=mask, position_ids=positions, cache=cache, use_cache=True, logits_to_keep=1
            ).logits  # (B, 1, V)
            tokens = logits[:, -1].argmax(dim=-1)  # (B,)
            require_finite(logits[:, -1].gather(1, tokens.unsqueeze(1)))
            alive &= ~torch.isin(tokens, stops)
            for row, token, goes_on in zip(rows, tokens.tolist(), alive.tolist(), strict=True):
                if goes_on:
                    outputs[row].append(token)
                else:
                    finishes[row] = "stop"
            if ended is not None:
                written = [row for row, goes_on in zip(rows, alive.tolist(), strict=True) if goes_on and ended(outputs[row])]
                for row in written:
                    finishes[row] = "stop"
                alive &= torch.tensor([row not in written for row in rows], device=device)
            left = int(alive.sum())
            if left == 0:
                break
            if left <= (1 - _DROP_SHARE) * len(rows):
                kept = alive.nonzero().squeeze(1)
                cache.batch_select_indices(kept)
                tokens, mask, positions = tokens[kept], mask[kept], positions[kept]
                rows = [rows[i] for i in kept.tolist()]
                alive = alive[kept]
            ids = tokens.unsqueeze(1)  # (B, 1)
            mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)
            positions = positions[:, -1:] + 1
    return [Generated(output, finish) for output, finish in zip(outputs, finishes, strict=True)]


def require_finite(values: Any) -> None:
    """Refuse to choose by numbers that are none.

    Raises:
        BenchError: for NaN or infinity, which an overflow in float16 or a diverged training leaves behind.
    """
    import torch

    if not bool(torch.isfinite(values).all()):
        raise BenchError("the model's outputs are no finite numbers: an overflow, which --dtype float32 avoids, or spoiled weights")


def left_padded(rows: Sequence[Sequence[int]], pad_id: int, device: Any) -> tuple[Any, Any]:
    """Token ids and attention mask (B, T), padded on the left, so that every row ends where generation begins."""
    import torch

    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, width - len(row) :] = torch.tensor(row)
        mask[i, width - len(row) :] = 1
    return ids.to(device), mask.to(device)
