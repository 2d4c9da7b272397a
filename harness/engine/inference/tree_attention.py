"""Attention among the nodes of a tree on a CPU: a few nodes at a time, without the branches that none of them sees.

Every node sees the prompt, its ancestors and itself. Attention by a mask computes all pairs of nodes, and 77 labels of banking77 have 382.
By parts of 32 nodes, it took a third of the time (three prompts of 30 tokens, heads of SmolLM2-135M, two cores of an AMD EPYC).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from harness.engine.models import AttentionFunction, replaced_attention

_PART = 32  # nodes


def tree_attention(model: Any, parents: Sequence[int], before: int) -> AbstractContextManager[None]:
    """Inside this context, a model on a CPU computes attention of a tree's nodes as above. Small trees are left as they are.

    Args:
        parents: of each node, the one above it, which comes before it; -1: the prompt.
        before: how many keys precede those of the nodes: the prompts', with their padding.
    """
    if model.device.type != "cpu" or len(parents) < 2 * _PART:
        return contextlib.nullcontext()
    return replaced_attention(_TreeAttention(parents, before))


def split_tree(parents: Sequence[int], size: int) -> list[tuple[int, int, list[int]]]:
    """The nodes in parts of this size: the first, the one behind the last, and the nodes before the first that one of them sees."""
    parts = []
    for begin in range(0, len(parents), size):
        end = min(begin + size, len(parents))
        seen: set[int] = set()
        for node in range(begin, end):
            above = parents[node]
            while above >= 0 and above not in seen:
                seen.add(above)
                above = parents[above]
        parts.append((begin, end, sorted(node for node in seen if node < begin)))
    return parts


class _TreeAttention:
    """What is in the place of attention, for one pass of the nodes."""

    def __init__(self, parents: Sequence[int], before: int) -> None:
        import torch

        self._nodes, self._keys = len(parents), before + len(parents)
        self._parts = [
            (begin, end, torch.tensor([*range(before), *(before + node for node in [*seen, *range(begin, end)])]))
            for begin, end, seen in split_tree(parents, _PART)
        ]
        self._mask: Any = None  # the one whose parts follow: all layers have the same
        self._masks: list[Any] = []

    def __call__(
        self, original: AttentionFunction, module: Any, query: Any, key: Any, value: Any, mask: Any, **options: Any
    ) -> tuple[Any, Any]:
        """What `original` returns: the output (B, N, heads, D), and no weights.

        Args:
            query: (B, heads, N, D); key, value: (B, heads that share, P + N, D); mask: (B or 1, heads or 1, N, P + N).
            options: others of that function.
        """
        import torch

        is_of_nodes = mask is not None and mask.shape[-2:] == (self._nodes, self._keys) and key.shape[2] == self._keys
        if not is_of_nodes or query.shape[2] != self._nodes or options.get("position_bias") is not None:
            return original(module, query, key, value, mask, **options)
        if mask is not self._mask:
            self._mask = mask
            self._masks = [mask[..., begin:end, :].index_select(-1, keys) for begin, end, keys in self._parts]
        outputs = [
            original(module, query[:, :, begin:end], key.index_select(2, keys), value.index_select(2, keys), part, **options)[0]
            for (begin, end, keys), part in zip(self._parts, self._masks, strict=True)
        ]
        return torch.cat(outputs, dim=1), None
