"""Random numbers that are a function of their keys alone: no generator, no order, the same on every device.

Dropout, noise and rounding draw from them, so that what is drawn for an example depends on the seed, the step, the example and the layer,
and not on how a batch was cut, on padding, or on whether a layer is computed a second time.

Keys are mixed as in splitmix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014). The numbers of one row are
the upper bits of the product of its key and of one odd constant per column: multiplicative hashing, whose upper bits are uniform over the
keys (Dietzfelbinger et al., "A Reliable Randomized Algorithm for the Closest-Pair Problem", 1997). That is one multiplication for two
numbers of 16 bits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

BITS = 16  # of each number
_INCREMENT, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_MASK = (1 << 64) - 1
# Numbers that are drawn at once, of 7 bytes each meanwhile. A GPU starts two dozen kernels for each part.
_AT_ONCE = {"cpu": 1 << 23}
_AT_ONCE_ELSEWHERE = 1 << 24


def mix_key(*parts: int) -> int:
    """One key of 64 bits, as a signed number, from several numbers."""
    key = 0
    for part in parts:
        key = (key + part + _INCREMENT) & _MASK
        key = ((key ^ (key >> 30)) * _FIRST) & _MASK
        key = ((key ^ (key >> 27)) * _SECOND) & _MASK
        key ^= key >> 31
    return _signed(key)


def draw(keys: Any, shape: Sequence[int]) -> Any:
    """Whole numbers from -2^15 to 2^15 - 1, uniformly distributed, of this shape.

    The number at a place depends on the key and on the place, not on the size of the shape.

    Args:
        keys: int64, one for each entry of the first dimension, (shape[0],).
        shape: at least two dimensions.

    Returns:
        int16.
    """
    return _numbers(keys, shape)[..., : shape[-1]]


def draw_below(keys: Any, shape: Sequence[int], limit: int) -> Any:
    """Whether each number that `draw` gives is less than `limit`; bool. It takes less memory than the numbers."""
    import torch

    most = _AT_ONCE.get(keys.device.type, _AT_ONCE_ELSEWHERE)
    at_once = max(1, most // max(1, math.prod(shape[1:])))  # experts may get no tokens
    parts = [_numbers(part, (len(part), *shape[1:])) < limit for part in keys.split(at_once)]
    return (parts[0] if len(parts) == 1 else torch.cat(parts))[..., : shape[-1]]


def _numbers(keys: Any, shape: Sequence[int]) -> Any:
    """The numbers of `draw`, with one more column if their number is odd."""
    import torch

    for size in shape[1:-1]:
        keys = _mixed(keys[..., None] + _places(size, keys.device))
    rows = _mixed(keys) | 1  # (*shape[:-1],)
    products = rows[..., None] * _columns((shape[-1] + 1) // 2, keys.device)  # (*shape[:-1], pairs)
    upper = products.view(torch.int32)[..., 1::2]
    # A copy, because torch compares numbers that are side by side twice as fast.
    return upper.clone(memory_format=torch.contiguous_format).view(torch.int16)


@lru_cache(maxsize=64)
def _places(size: int, device: Any) -> Any:
    import torch

    with _unwatched():
        return torch.arange(1, size + 1, device=device) * _signed(_INCREMENT)


@lru_cache(maxsize=64)
def _columns(count: int, device: Any) -> Any:
    places = _places(count, device)
    with _unwatched():
        return _mixed(places) | 1


def _unwatched() -> Any:
    """What is made once and kept is no part of a step, and a forecast must not depend on which step was watched first."""
    from torch.utils._python_dispatch import _disable_current_modes

    return _disable_current_modes()


def _mixed(keys: Any) -> Any:
    """The last part of `mix_key`, for a tensor of keys."""
    keys = (keys ^ _shifted(keys, 30)) * _signed(_FIRST)
    keys = (keys ^ _shifted(keys, 27)) * _signed(_SECOND)
    return keys ^ _shifted(keys, 31)


def _shifted(keys: Any, bits: int) -> Any:
    """Shifted to the right without its sign."""
    return (keys >> bits) & ((1 << (64 - bits)) - 1)


def _signed(value: int) -> int:
    """The same 64 bits, as torch reads them."""
    return value - (1 << 64) if value >> 63 else value
