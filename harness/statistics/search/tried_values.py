"""How much of a searched range is as good as its best value, as far as the values tried show.

Each value represents the part of the range that is nearer to it than to any other value tried. So a search that tries many values around
the best one does not look robust for it, as a share of trials would.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

NEAR_BEST = 0.05  # a loss that is at most 5% above the lowest counts as about as good
EDGE = 0.1  # of the range, at each end
_FEWEST = 3  # values, of which the outermost one says something about the range


def share_of_range(positions: Sequence[float], is_good: Sequence[bool]) -> float:
    """The share of a range whose nearest value is good, 0–1. Of several trials at one position, one good trial is enough.

    Args:
        positions: of the values tried, from 0 (the lower end) to 1, (k,).
        is_good: (k,).

    Raises:
        ValueError: no value, or a position outside the range.
    """
    if not positions or min(positions) < 0 or max(positions) > 1:
        raise ValueError(f"positions {list(positions)} must be some, from 0 to 1")
    good = {at for at, fine in zip(positions, is_good, strict=True) if fine}
    places = sorted(set(positions))
    borders = [0.0, *((a + b) / 2 for a, b in pairwise(places)), 1.0]
    return sum(high - low for place, (low, high) in zip(places, pairwise(borders), strict=True) if place in good)


def is_near_end(position: float, *, upper: bool) -> bool:
    """Whether a value is within a tenth of an end of its range."""
    return position >= 1 - EDGE if upper else position <= EDGE


def is_outermost(position: float, positions: Sequence[float], *, upper: bool) -> bool:
    """Whether a value is the outermost of at least three values tried, on this side."""
    return position == (max(positions) if upper else min(positions)) and len(set(positions)) >= _FEWEST
