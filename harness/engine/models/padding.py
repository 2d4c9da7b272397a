"""Rows of token ids as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def right_padded(rows: Sequence[Sequence[int]], pad_id: int, device: Any) -> tuple[Any, Any]:
    """Ids and attention mask, both (B, T). A row without any token reads one pad: attention over nothing is not defined."""
    import torch

    width = max(1, *(len(row) for row in rows))
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row, dtype=torch.long)
        mask[i, : max(1, len(row))] = 1
    return ids.to(device), mask.to(device)
