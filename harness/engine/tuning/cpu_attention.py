"""Attention of models that train on a CPU, with what torch has for it (`sdpa` of transformers), in the way that takes least time there.

- Heads of queries that share keys and values read them where they are. transformers copies them for each head where a batch is padded.
- Short sequences are computed in float32 where the rest is in bfloat16: torch's backward pass in bfloat16 takes up to three times as long,
  because it prepares keys and values for AMX block by block. From about 250 tokens on, that pays.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

_LONGEST = 200  # tokens, up to which float32 is faster (torch 2.13; two Xeons with AMX)

_Attention: TypeAlias = Callable[..., tuple[Any, Any]]
_entered: list[_Attention] = []  # what transformers had before, once for each context: trainings of one process may end in any order


@contextlib.contextmanager
def cpu_attention() -> Iterator[None]:
    """Inside this context, models on a CPU compute attention as above while they train."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    original = _entered[0] if _entered else ALL_ATTENTION_FUNCTIONS["sdpa"]
    _entered.append(original)

    def attend(module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **options: Any) -> tuple[Any, Any]:
        return _attend(original, module, query, key, value, attention_mask, **options)

    ALL_ATTENTION_FUNCTIONS["sdpa"] = attend
    try:
        yield
    finally:
        _entered.pop()
        if not _entered:
            ALL_ATTENTION_FUNCTIONS["sdpa"] = original


def _attend(
    original: _Attention,
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
