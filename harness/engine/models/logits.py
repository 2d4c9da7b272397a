"""Logits only where somebody looks at them.

The projection onto the vocabulary is a large part of a small model's work, and prompts are most of the tokens. A hook in front of
the output layer picks the positions that matter, so that any model of transformers, wrapped by PEFT or not, can be called as usual.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def logits_only_at(model: Any, positions: Any) -> Iterator[None]:
    """Inside, `model(...).logits` has the shape (N, V) for the N places where the mask `positions` (B, T) is true.

    Row-major order: by sequence, then by position. Virtual tokens that PEFT puts in front of the sequences have no place in the mask.
    """
    import torch.nn.functional as F

    base = model.get_base_model() if hasattr(model, "get_base_model") else model

    def pick(_module: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        hidden = args[0]  # (B, n + T, H), n virtual tokens
        return (hidden[F.pad(positions, (hidden.shape[1] - positions.shape[1], 0))], *args[1:])  # (N, H)

    handle = base.get_output_embeddings().register_forward_pre_hook(pick)
    try:
        yield
    finally:
        handle.remove()
