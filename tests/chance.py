"""What a simulation may be off by chance: three standard errors of a share of so many repetitions."""

from __future__ import annotations

import math

NINE_OF_TEN = 1.2816  # a quantile of the normal distribution


def at_most(limit: float, share: float, times: int) -> bool:
    """Whether a share that is seen is one that a true share of `limit` or less gives."""
    return share <= limit + 3 * math.sqrt(limit * (1 - limit) / times)


def enough(limit: float) -> int:
    """Repetitions of a long simulation: a true share of half as much again as `limit` fails `at_most` in nine of ten of them.

    About 1,600 for 5%. With few repetitions, three standard errors hide a share that is far too large.
    """
    excess = 1.5 * limit
    spread = 3 * math.sqrt(limit * (1 - limit)) + NINE_OF_TEN * math.sqrt(excess * (1 - excess))
    return math.ceil((spread / (excess - limit)) ** 2)


def covers(share: float, times: int, low: float = 0.93, high: float = 0.97) -> bool:
    """Whether a coverage that is seen is one that a true coverage within the limits gives."""
    return at_most(high, share, times) and at_most(1 - low, 1 - share, times)
