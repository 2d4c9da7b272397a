"""Greedy generation for a batch of prompts; finished rows are removed from the batch.

Row by row, it equals `model.generate(do_sample=False)`, which keeps finished rows in the batch until the end.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.engine.inference.answering_layers import answering
from harness.engine.inference.decoding_state import OpenOutputs
from harness.engine.inference.one_token_attention import one_token_attention
from harness.engine.inference.prefill import Prefilled, prefill
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
        max_new_tokens: at least 1.
        ended: whether an output, given by its ids so far, ended without an end token because it contains a stop text.

    Raises:
        BenchError: the model computed numbers that are not finite.
    """
    import torch

    prefix, prompts = Prefix.of(model).with_beginning(prompts)
    outputs = OpenOutputs(len(prompts), stop_ids, ended)
    with answering(model), one_token_attention(model) as attention:
        batch = prefill(prefix, prompts, pad_id, room=max_new_tokens - 1)
        for left in reversed(range(max_new_tokens)):
            tokens = batch.logits.argmax(dim=-1)  # (B,)
            require_finite(batch.logits.gather(1, tokens.unsqueeze(1)))
            outputs.add(tokens.tolist(), token_logprobs(batch.logits, tokens))
            if not left or not outputs.any_open:
                break
            kept = outputs.drop_finished()
            if kept is not None:
                tokens = _keep_rows(batch, tokens, kept)
            batch.mask = torch.cat([batch.mask, batch.mask.new_ones(len(batch.mask), 1)], dim=1)
            batch.positions = batch.positions + 1
            attention.divide(batch.mask)
            batch.logits = prefix.model(
                input_ids=tokens.unsqueeze(1),
                attention_mask=batch.mask,
                position_ids=batch.positions,
                cache=batch.cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits[:, -1]  # (B, V)
    return as_generated(outputs)


def _keep_rows(batch: Prefilled, tokens: Any, kept: Sequence[int]) -> Any:
    """Keep these rows of the batch; returns their tokens."""
    import torch

    rows = torch.tensor(kept, device=tokens.device)
    batch.cache.reorder_cache(rows)  # unlike batch_select_indices, layers with convolutions or recurrences support it
    batch.mask, batch.positions = batch.mask[rows], batch.positions[rows]
    return tokens[rows]


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
