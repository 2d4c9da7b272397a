"""Another function in place of transformers' attention by torch (`sdpa`), for as long as a context lasts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

AttentionFunction: TypeAlias = Callable[..., tuple[Any, Any]]
"""Takes module, query, key, value, mask and options; returns the output and the weights, as `sdpa_attention_forward` of transformers."""

_usual: list[AttentionFunction] = []  # that of transformers, while another is in its place
_entered: list[AttentionFunction] = []  # the last one is in place; contexts of one process may end in any order


@contextlib.contextmanager
def replaced_attention(attend: AttentionFunction) -> Iterator[None]:
    """Inside this context, models with `sdpa` call `attend`, which gets the function of transformers before the other arguments."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    if not _entered:
        _usual[:] = [ALL_ATTENTION_FUNCTIONS["sdpa"]]
    (usual,) = _usual

    def own(module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **options: Any) -> tuple[Any, Any]:
        return attend(usual, module, query, key, value, attention_mask, **options)

    _entered.append(own)
    ALL_ATTENTION_FUNCTIONS["sdpa"] = own
    try:
        yield
    finally:
        _entered.remove(own)
        ALL_ATTENTION_FUNCTIONS["sdpa"] = _entered[-1] if _entered else usual
