"""Attention of one new token in a 16-bit format on a CPU.

torch multiplies a matrix with a single vector there two to five times as slowly as with two (torch 2.13; an AMD EPYC with AVX512-BF16). So
the query is given twice, and the second result is dropped. Heads of queries that share keys and values are more than one already, where
transformers takes them together: it does that only with a mask.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from harness.engine.models import AttentionFunction, replaced_attention


def one_token_attention(model: Any) -> AbstractContextManager[None]:
    """Inside this context, a model that writes on a CPU in a 16-bit format computes attention as above. Others are left as they are."""
    is_narrow = model.device.type == "cpu" and model.dtype.itemsize == 2
    return replaced_attention(_attend) if is_narrow else nullcontext()


def _attend(original: AttentionFunction, module: Any, query: Any, key: Any, value: Any, mask: Any, **options: Any) -> tuple[Any, Any]:
    """What `original` returns: the output (B, T, heads, D), and no weights.

    Args:
        query: (B, heads, T, D); key, value: (B, heads that share, S, D); mask: (B or 1, heads or 1, T, S), or None.
        options: others of that function.
    """
    import torch

    if query.shape[2] != 1 or options.get("position_bias") is not None:
        return original(module, query, key, value, mask, **options)
    if getattr(module, "num_key_value_groups", 1) > 1:
        mask = torch.ones(1, 1, 1, key.shape[2], dtype=torch.bool, device=key.device) if mask is None else mask
        return original(module, query, key, value, mask, **options)
    options["is_causal"] = False  # both are the last token
    output, weights = original(module, query.repeat(1, 1, 2, 1), key, value, mask, **options)
    return output[:, :1], weights
