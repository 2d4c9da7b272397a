"""Attention of models that train on a CPU, with what torch has for it (`sdpa` of transformers), in the way that takes least time there.

- Heads of queries that share keys and values read them where they are. transformers copies them for each head where a batch is padded.
- Short sequences are computed in float32 where the rest is in bfloat16: torch's backward pass in bfloat16 takes up to three times as long,
  because it prepares keys and values for AMX block by block. From about 250 tokens on, that pays.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from harness.engine.models import AttentionFunction, replaced_attention

_LONGEST = 200  # tokens, up to which float32 is faster (torch 2.13; two Xeons with AMX)


def cpu_attention() -> AbstractContextManager[None]:
    """Inside this context, models on a CPU compute attention as above while they train."""
    return replaced_attention(_attend)


def _attend(
    original: AttentionFunction,
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    mask: Any,
    *,
    dropout: float = 0.0,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **options: Any,
) -> tuple[Any, None]:
    """What `sdpa_attention_forward` of transformers returns: the output (B, T, heads, D), and no weights.

    Args:
        query: (B, heads, T, D); key, value: (B, heads that share, S, D); mask: (B or 1, heads or 1, T, S), or None.
        options: others of that function. Limited scores and biases of positions are left to it; what else there is, it does not read.
    """
    import torch
    import torch.nn.functional as F

    if query.dim() != 4 or query.shape[2] != key.shape[2] or options.get("position_bias") is not None or options.get("softcap") is not None:
        return original(module, query, key, value, mask, dropout=dropout, scaling=scaling, is_causal=is_causal, **options)
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else value.dtype
    # Also where nothing is learned: a reference that preferences are compared with must round as the model that learns.
    computed = torch.promote_types(dtype, torch.float32) if query.shape[2] <= _LONGEST else dtype
    causal = mask is None and query.shape[2] > 1 and bool(getattr(module, "is_causal", True) if is_causal is None else is_causal)
    if mask is not None and mask.dtype != torch.bool:
        mask = mask.to(computed)
    with torch.autocast("cpu", enabled=False):
        output = F.scaled_dot_product_attention(
            query.to(computed),
            key.to(computed),
            value.to(computed),
            mask,
            dropout,
            causal,
            scale=scaling,
            enable_gqa=key.shape[1] != query.shape[1],
        )
    return output.to(dtype).transpose(1, 2).contiguous(), None
