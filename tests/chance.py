"""What a simulation may be off by chance: three standard errors of a share of so many repetitions."""

from __future__ import annotations

import math


def at_most(limit: float, share: float, times: int) -> bool:
    """Whether a share that is seen is one that a true share of `limit` or less gives."""
    return share <= limit + 3 * math.sqrt(limit * (1 - limit) / times)


def covers(share: float, times: int, low: float = 0.93, high: float = 0.97) -> bool:
    """Whether a coverage that is seen is one that a true coverage within the limits gives."""
    return at_most(high, share, times) and at_most(1 - low, 1 - share, times)
