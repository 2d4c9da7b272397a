"""Greedy generation for a batch of prompts; finished rows are removed from the batch.

Row by row, it equals `model.generate(do_sample=False)`, which keeps finished rows in the batch until the end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.engine.inference.decoding_state import OpenOutputs
from harness.engine.inference.shared_prefix import Prefix
from harness.errors import BenchError
from harness.types import Finish


@dataclass(frozen=True)
class Generated:
    """One output.

    Attributes:
        ids: without the end token.
        finish: what ended it.
        mean_logprob: of the tokens that were generated, the end token included; None where none was.
    """

    ids: list[int]
    finish: Finish
    mean_logprob: float | None = field(default=None, compare=False)  # other batches round differently


def generate(
    model: Any,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    stop_ids: Collection[int],
    pad_id: int,
    ended: Callable[[Sequence[int]], bool] | None = None,
) -> list[Generated]:
    """Generate the most likely next token, repeatedly, for each prompt.

    Args:
        ended: whether an output, given by its ids so far, ended without an end token because it contains a stop text.

    Raises:
        BenchError: the model computed numbers that are not finite.
    """
    import torch

    device = next(model.parameters()).device
    prefix, prompts = Prefix.of(model).with_beginning(prompts)
    ids, mask = left_padded(prompts, pad_id, device)  # (B, T), (B, T)
    positions = prefix.positions(mask)  # (B, T)
    mask = prefix.mask(mask)  # (B, n + T)
    cache = prefix.cache(len(prompts))
    outputs = OpenOutputs(len(prompts), stop_ids, ended)
    with torch.no_grad():
        for _ in range(max_new_tokens):
            logits = prefix.model(
                input_ids=ids, attention_mask=mask, position_ids=positions, cache=cache, use_cache=True, logits_to_keep=1
            ).logits[:, -1]  # (B, V)
            tokens = logits.argmax(dim=-1)  # (B,)
            require_finite(logits.gather(1, tokens.unsqueeze(1)))
            outputs.add(tokens.tolist(), token_logprobs(logits, tokens))
            if not outputs.any_open:
                break
            kept = outputs.drop_finished()
            if kept is not None:
                rows = torch.tensor(kept, device=device)
                cache.reorder_cache(rows)  # unlike batch_select_indices, layers with convolutions or recurrences support it
                tokens, mask, positions = tokens[rows], mask[rows], positions[rows]
            ids = tokens.unsqueeze(1)  # (B, 1)
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
            positions = positions[:, -1:] + 1
    return as_generated(outputs)


def as_generated(outputs: OpenOutputs) -> list[Generated]:
    """The outputs of a batch that has ended."""
    means = [sum(each) / len(each) if each else None for each in outputs.logprobs]
    return [Generated(*each) for each in zip(outputs.ids, outputs.finishes, means, strict=True)]


def token_logprobs(logits: Any, tokens: Any) -> list[float]:
    """ln p of a token (B,) in each row of logits (B, V)."""
    wide = logits.float()
    logprobs: list[float] = (wide.gather(1, tokens.unsqueeze(1)).squeeze(1) - wide.logsumexp(dim=1)).tolist()
    return logprobs


def require_finite(values: Any) -> None:
    """Refuse to choose by NaN or infinity, which an overflow in float16 or a diverged training leaves behind.

    Raises:
        BenchError: a value is not finite.
    """
    import torch

    if not bool(torch.isfinite(values).all()):
        raise BenchError("the model computed NaN or infinity: its numbers overflowed (compute in float32), or its weights are damaged")


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
