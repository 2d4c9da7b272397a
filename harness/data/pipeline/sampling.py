"""A seeded sample of the rows, for short runs."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

from harness.data.mapping import keyed_order
from harness.types import Example


def sample(rows: Sequence[Example], limit: int, seed: int) -> list[Example]:
    """At most `limit` random rows, in the order of the file. The sample of a smaller limit is part of that of a larger one."""
    return [rows[place] for place in sampled(len(rows), lambda place: rows[place].id, limit, seed)]


def sampled(size: int, id_of: Callable[[int], str], limit: int, seed: int) -> Sequence[int]:
    """The places of such a sample among `size` rows, of which only the ids are asked for."""
    if limit >= size:
        return range(size)
    return sorted(heapq.nsmallest(limit, range(size), key=lambda place: keyed_order(seed, id_of(place))))
