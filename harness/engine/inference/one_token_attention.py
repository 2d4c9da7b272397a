"""Attention of one new token of each row on a CPU.

Rows of similar length attend together, to their own keys: without that, all read as many as the longest, most of them padding where
prompts differ.

In float32, attention is two products and a softmax. torch's fused kernel took 1.1 times as long behind 260 keys, and twice as long behind
16 (32 rows, heads of SmolLM2-135M, two cores of an AMD EPYC): it multiplies the few queries of each key's head on their own.

In a 16-bit format, torch multiplies a matrix with a single vector two to five times as slowly as with two (torch 2.13; an AMD EPYC with
AVX512-BF16). So the query is given twice, and the second result is dropped. Heads of queries that share keys and values are more than one
already, where transformers takes them together: it does that only with a mask.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import lru_cache
from threading import get_ident
from typing import Any

from harness.engine.inference.row_groups import split_in_order
from harness.engine.models import AttentionFunction, replaced_attention

# What a group of rows costs beside its keys, as the numbers of further keys that would take as long. With 3 heads of 64 numbers, a
# position of a row took 0.17 µs, and a group 40 µs.
_GROUP_NUMBERS = 50_000
# Options that do not change the result, or that are taken into account here. With any other one, transformers computes attention.
_KNOWN_OPTIONS = frozenset({"dropout", "scaling", "is_causal", "position_ids", "use_cache", "sliding_window", "cache_position"})

_Group = tuple[int, int, int]  # the first row, the one behind the last, and the first key that one of them sees


@contextlib.contextmanager
def one_token_attention(model: Any) -> Iterator[OneTokenAttention]:
    """Inside this context, a model that writes on a CPU computes attention as above. Others are left as they are."""
    attention = OneTokenAttention()
    with replaced_attention(attention) if model.device.type == "cpu" else contextlib.nullcontext():
        yield attention


class OneTokenAttention:
    """What is in the place of attention while a model writes."""

    def __init__(self) -> None:
        self._first: tuple[int, ...] = ()  # of each row, the first key that it sees
        self._lengths: tuple[int, ...] = ()  # of each row when this was last divided anew
        self._width = 0
        self._thread = 0  # that divides
        self._cut: tuple[Any, tuple[_Group, ...], list[Any]] = (None, (), [])  # a mask, which layers share, and what groups have of it

    def divide(self, mask: Any) -> None:
        """The next token of each row comes now. Until the next call, rows of similar length attend together.

        Args:
            mask: the attention mask (B, S) of a decoder, with the new token; 0 before a row begins.
        """
        if mask.device.type != "cpu":
            return
        self._thread = get_ident()
        first, self._width = tuple(mask.argmax(dim=1).tolist()), mask.shape[1]
        if first != self._first:
            self._first, self._lengths = first, tuple(self._width - begin for begin in first)

    def __call__(
        self, original: AttentionFunction, module: Any, query: Any, key: Any, value: Any, mask: Any, **options: Any
    ) -> tuple[Any, Any]:
        """What `original` returns: the output (B, T, heads, D), and no weights.

        Args:
            query: (B, heads, T, D); key, value: (B, heads that share, S, D); mask: (B or 1, heads or 1, T, S), or None.
            options: others of that function.
        """
        import torch

        if query.shape[2] != 1 or options.get("position_bias") is not None:
            return original(module, query, key, value, mask, **options)
        groups = self._groups(key, mask)
        if not any(first for _, _, first in groups):
            return _attend(original, module, query, key, value, mask, **options)
        outputs = [
            _attend(original, module, query[begin:end], key[begin:end, :, first:], value[begin:end, :, first:], part, **options)[0]
            for (begin, end, first), part in zip(groups, self._masks(mask, groups), strict=True)
        ]
        return torch.cat(outputs), None

    def _groups(self, key: Any, mask: Any) -> tuple[_Group, ...]:
        """The groups of a layer; none where its keys are not those of all positions, or another thread answers with another model."""
        rows, heads, width, size = key.shape
        if self._thread != get_ident():
            return ()
        if mask is None or mask.shape[0] != rows or not width == mask.shape[-1] == self._width or rows != len(self._first):
            return ()
        return _choose_groups(self._first, self._lengths, _GROUP_NUMBERS // (heads * size))

    def _masks(self, mask: Any, groups: tuple[_Group, ...]) -> list[Any]:
        whole, cut_for, masks = self._cut
        if whole is not mask or cut_for is not groups:
            masks = [mask[begin:end, ..., first:] for begin, end, first in groups]
            self._cut = mask, groups, masks
        return masks


@lru_cache(maxsize=4)
def _choose_groups(first: tuple[int, ...], lengths: tuple[int, ...], overhead: int) -> tuple[_Group, ...]:
    """
    Args:
        first: of each row, the first key that it sees; lengths: how many.
        overhead: what a group costs beside its keys, in positions of a row.
    """
    return tuple((begin, end, min(first[begin:end])) for begin, end in split_in_order(lengths, overhead))


def _attend(original: AttentionFunction, module: Any, query: Any, key: Any, value: Any, mask: Any, **options: Any) -> tuple[Any, Any]:
    """Attention of one token (T = 1) of rows that are computed together."""
    import torch

    if query.dtype == key.dtype == value.dtype == torch.float32 and _KNOWN_OPTIONS.issuperset(options) and not options.get("dropout"):
        return _multiply(query, key, value, mask, options.get("scaling")), None
    if query.dtype.itemsize != 2:
        return original(module, query, key, value, mask, **options)
    if getattr(module, "num_key_value_groups", 1) > 1:
        mask = torch.ones(1, 1, 1, key.shape[2], dtype=torch.bool, device=key.device) if mask is None else mask
        return original(module, query, key, value, mask, **options)
    options["is_causal"] = False  # both are the last token
    output, weights = original(module, query.repeat(1, 1, 2, 1), key, value, mask, **options)
    return output[:, :1], weights


def _multiply(query: Any, key: Any, value: Any, mask: Any, scaling: float | None) -> Any:
    """softmax(scaling · Q·Kᵀ + mask)·V, (B, 1, heads, D), with the queries of a key's heads as the rows of one product."""
    import torch

    rows, heads, _, size = query.shape
    shared = key.shape[1]
    queries = query.reshape(rows * shared, heads // shared, size) * (size**-0.5 if scaling is None else scaling)
    weights = (queries @ key.flatten(0, 1).transpose(1, 2)).view(rows, heads, -1)
    if mask is not None:
        part = mask.squeeze(2)  # (B or 1, heads or 1, S)
        weights = weights.masked_fill(~part, float("-inf")) if part.dtype == torch.bool else weights + part
    weights = weights.softmax(dim=-1).view(rows * shared, heads // shared, -1)
    return (weights @ value.flatten(0, 1)).view(rows, 1, heads, value.shape[-1])
