"""The values seen so far, as counts, and the rank of each new value among them as a p-value.

Values are levels 0, 1, …, so that a year of examples is a short list of counts. The p-value of the n-th value v is

    p = (#{values > v} + U · #{values = v}) / n,    U uniform on (0, 1),

v itself included in the counts. If all values are exchangeable (the reference and everything new, in any order), these p-values are
independent and uniform on (0, 1), exactly, for any distribution, with any number of ties and any size of the reference (Vovk, Nouretdinov &
Gammerman 2003, "Testing exchangeability on-line", ICML). The sampling error of the reference needs no allowance: the reference is a part of
the sequence.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Levels: TypeAlias = NDArray[np.int64]

LEVELS = 256
_AT_ONCE = 500  # new values that are compared with one another in one table


def to_levels(values: Array, low: float, high: float) -> Levels:
    """The level of each value between two fixed ends, which must not depend on the data; values beyond an end have its level."""
    share = (np.asarray(values, dtype=np.float64) - low) / (high - low)
    return np.clip(np.floor(share * LEVELS), 0, LEVELS - 1).astype(np.int64)


def count_levels(levels: Levels) -> Levels:
    """(`LEVELS`,) How often each level occurs."""
    return np.bincount(levels, minlength=LEVELS).astype(np.int64)


def rank_p_values(counts: Levels, levels: Levels, uniforms: Array) -> tuple[Array, Levels]:
    """The p-value of each new value, in turn, and the counts after them. Small where the value is large.

    Args:
        counts: (`LEVELS`,) of all values before these.
        levels: (n,) the new values, in an order that does not depend on them.
        uniforms: (n,) independent of everything, between 0 and 1.
    """
    if len(levels) > _AT_ONCE:
        first, counts = rank_p_values(counts, levels[:_AT_ONCE], uniforms[:_AT_ONCE])
        rest, counts = rank_p_values(counts, levels[_AT_ONCE:], uniforms[_AT_ONCE:])
        return np.concatenate([first, rest]), counts
    total = int(counts.sum())
    larger = total - np.cumsum(counts)
    earlier = np.tri(len(levels), k=-1, dtype=bool)  # (n, n) which of the new values came before which
    own = counts[levels] + 1 + (earlier & (levels[:, None] == levels[None, :])).sum(axis=1)
    above = larger[levels] + (earlier & (levels[None, :] > levels[:, None])).sum(axis=1)
    return (above + uniforms * own) / (total + np.arange(1, len(levels) + 1)), counts + count_levels(levels)
