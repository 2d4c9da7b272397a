"""Attention among the nodes of a tree on a CPU: a few nodes at a time, without the branches that none of them sees.

Every node sees the prompt, its ancestors and itself. Attention by a mask computes all pairs of nodes, and 77 labels of banking77 have 382.
By parts of 32 nodes, it took a third of the time (three prompts of 30 tokens, heads of SmolLM2-135M, two cores of an AMD EPYC). Each part
copies what it sees, also of the prompt: behind long prompts, parts are larger, or the tree stays whole.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, TypeAlias

from harness.engine.models import AttentionFunction, replaced_attention

_PARTS = (32, 64, 128)  # nodes
# How many nodes could see a key in the time in which it is copied. With this number, what is chosen took 0.46 to 1.0 times as long as a
# tree that stays whole: 64, 128 and 382 nodes behind 30 to 1,600 tokens, 30 measurements on two cores of an AMD EPYC.
_COPY = 48

_Part: TypeAlias = tuple[int, int, tuple[int, ...]]  # the first node, the one behind the last, and those before the first that one sees


def tree_attention(model: Any, parents: tuple[int, ...], before: int) -> AbstractContextManager[None]:
    """Inside this context, a model on a CPU computes attention of a tree's nodes as above. Small trees are left as they are.

    Args:
        parents: of each node, the one above it, which comes before it; -1: the prompt.
        before: how many keys precede those of the nodes: the prompts', with their padding.
    """
    parts = choose_parts(parents, before) if model.device.type == "cpu" else ()
    return replaced_attention(_TreeAttention(parts, before, len(parents))) if len(parts) > 1 else contextlib.nullcontext()


def choose_parts(parents: tuple[int, ...], before: int) -> tuple[_Part, ...]:
    """The parts that take least time, one of all nodes if that is the fastest.

    Args:
        before: see `tree_attention`.
    """

    def cost(parts: Sequence[_Part]) -> int:
        return sum((end - begin + _COPY) * (before + len(seen) + end - begin) for begin, end, seen in parts)

    return min((split_tree(parents, size) for size in (len(parents), *_PARTS)), key=cost) if parents else ()


@lru_cache(maxsize=16)
def split_tree(parents: tuple[int, ...], size: int) -> tuple[_Part, ...]:
    """The nodes in parts of this size."""
    parts = []
    for begin in range(0, len(parents), size):
        end = min(begin + size, len(parents))
        seen: set[int] = set()
        for node in range(begin, end):
            above = parents[node]
            while above >= 0 and above not in seen:
                seen.add(above)
                above = parents[above]
        parts.append((begin, end, tuple(sorted(node for node in seen if node < begin))))
    return tuple(parts)


class _TreeAttention:
    """What is in the place of attention, for one pass of the nodes."""

    def __init__(self, parts: Sequence[_Part], before: int, nodes: int) -> None:
        import torch

        self._nodes, self._keys = nodes, before + nodes
        self._parts = [
            (begin, end, torch.tensor([*range(before), *(before + node for node in (*seen, *range(begin, end)))]))
            for begin, end, seen in parts
        ]
        self._divided: tuple[Any, list[Any]] = (None, [])  # the mask of the last layer, which others share, and what each part has of it

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
        whole, masks = self._divided
        if mask is not whole:
            masks = [mask[..., begin:end, :].index_select(-1, keys) for begin, end, keys in self._parts]
            self._divided = mask, masks
        outputs = [
            original(module, query[:, :, begin:end], key.index_select(2, keys), value.index_select(2, keys), part, **options)[0]
            for (begin, end, keys), part in zip(self._parts, masks, strict=True)
        ]
        return torch.cat(outputs, dim=1), None
