"""Which examples are trained on together, in which order, and how they become tensors.

The order depends on the seed, the epoch and the examples' own sizes alone, so every strategy of a task sees the same batches,
whatever its prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

# So many effective batches are sorted by size together: enough to save padding, few enough to keep the order random.
_POOL = 16


@dataclass(frozen=True, slots=True)
class EncodedExample:
    """Token ids of one example; the loss is on `target` alone, whose last id is the end token.

    For an encoder, `target` is no token but the index of the right label (`labelled`). `size` is the example's own length, whatever
    prompt a strategy puts around it: batches are put together by it.
    """

    prompt: tuple[int, ...]
    target: tuple[int, ...]
    size: int = 0
    labelled: bool = False

    @property
    def length(self) -> int:
        """Tokens that go through the model."""
        return len(self.prompt) + (0 if self.labelled else len(self.target))


def batch_order(sizes: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """The effective batches of one epoch, as indices; every example occurs once.

    Shuffled, then sorted by size within pools of 16 batches, then the batches of a pool are shuffled: similar sizes meet,
    while the order stays random from batch to batch.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(sizes))
    batches: list[list[int]] = []
    for start in range(0, len(order), batch_size * _POOL):
        pool = sorted(order[start : start + batch_size * _POOL].tolist(), key=lambda i: sizes[i])
        cut = [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
        batches += [cut[i] for i in generator.permutation(len(cut))]
    return batches


def micro_batches(rows: Sequence[EncodedExample], token_budget: int) -> Iterator[list[EncodedExample]]:
    """Cut an effective batch into pieces of at most `token_budget` tokens, padding included; a longer row goes alone."""
    piece: list[EncodedExample] = []
    for row in sorted(rows, key=lambda r: r.length):  # ascending, so the row that comes is the longest of its piece
        if piece and row.length * (len(piece) + 1) > token_budget:
            yield piece
            piece = []
        piece.append(row)
    if piece:
        yield piece


@dataclass(frozen=True)
class Tensors:
    """A micro-batch. `predicts` marks the positions whose next token is a target; `targets` are those tokens, row by row."""

    input_ids: torch.Tensor  # (B, T)
    attention_mask: torch.Tensor  # (B, T)
    predicts: torch.Tensor  # (B, T), bool
    targets: torch.Tensor  # (N,)


def collate(rows: Sequence[EncodedExample], pad_id: int, device: Any) -> Tensors:
    """Right-padded tensors of a micro-batch."""
    import torch

    width = max(row.length for row in rows)
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    predicts = torch.zeros((len(rows), width), dtype=torch.bool)
    for i, row in enumerate(rows):
        ids[i, : row.length] = torch.tensor(row.prompt + row.target)
        mask[i, : row.length] = 1
        # Position t predicts token t + 1; an empty prompt has nothing to predict its first target from.
        predicts[i, max(0, len(row.prompt) - 1) : row.length - 1] = True
    targets = torch.tensor([t for row in rows for t in (row.target if row.prompt else row.target[1:])])
    return Tensors(ids.to(device), mask.to(device), predicts.to(device), targets.to(device))
