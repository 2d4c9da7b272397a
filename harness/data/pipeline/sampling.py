"""A seeded random sample, for short runs."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from harness.data.identity import seeded_rank
from harness.types import Example


def sample(examples: Sequence[Example], limit: int, seed: int) -> list[Example]:
    """At most `limit` random examples, in file order. The sample for a smaller limit is a subset of that for a larger one."""
    return [examples[position] for position in sample_positions(len(examples), lambda position: examples[position].id, limit, seed)]


def sample_positions(size: int, get_id: Callable[[int], str], limit: int, seed: int) -> Sequence[int]:
    """The positions of such a sample among `size` rows, from their ids alone."""
    if limit >= size:
        return range(size)
    return sorted(heapq.nsmallest(limit, range(size), key=lambda position: seeded_rank(seed, get_id(position))))
