"""What training and generation share in calling a model: padding, the decoder's first token, and logits only where they are needed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from harness.errors import BenchError


def right_padded(rows: Sequence[Sequence[int]], pad_id: int, device: Any) -> tuple[Any, Any]:
    """Token ids and attention mask, both (B, T), padded on the right.

    A row without any token attends to one padding token, because attention over nothing is undefined.
    """
    import torch

    width = max(1, *(len(row) for row in rows))
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row, dtype=torch.long)
        mask[i, : max(1, len(row))] = 1
    return ids.to(device), mask.to(device)


def decoder_start(model: Any) -> int:
    """The token in front of every target of an encoder-decoder: its decoder's first input.

    Raises:
        BenchError: the model's configuration names none.
    """
    for name in ("decoder_start_token_id", "bos_token_id"):
        for config in (model.config, model.generation_config):
            token = getattr(config, name, None)
            if isinstance(token, int):
                return token
    raise BenchError("the model's configuration has no decoder_start_token_id, so its decoder cannot begin")


@contextlib.contextmanager
def logits_only_at(model: Any, positions: Any) -> Iterator[None]:
    """Inside this context, `model(...).logits` has the shape (N, V) for the N places where the mask `positions` (B, T) is true.

    The order is row-major: by sequence, then by position. Virtual tokens that PEFT puts in front of the sequences are not part of the mask.

    The projection onto the vocabulary is a large part of a small model's work, and prompts are most of the tokens. A hook in front of the
    output layer selects the positions that matter, so that any model of transformers, wrapped by PEFT or not, can be called as usual.
    """
    import torch.nn.functional as F

    base = model.get_base_model() if hasattr(model, "get_base_model") else model

    def select(_module: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        hidden = args[0]  # (B, n + T, H), with n virtual tokens
        return (hidden[F.pad(positions, (hidden.shape[1] - positions.shape[1], 0))], *args[1:])  # (N, H)

    handle = base.get_output_embeddings().register_forward_pre_hook(select)
    try:
        yield
    finally:
        handle.remove()
