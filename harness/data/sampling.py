"""A seeded sample of the rows, for short runs."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from harness.data.digests import keyed_order
from harness.types import Example


def sample(rows: Sequence[Example], limit: int, seed: int) -> list[Example]:
    """At most `limit` random rows, in the order of the file. The sample of a smaller limit is part of that of a larger one."""
    if limit >= len(rows):
        return list(rows)
    chosen = heapq.nsmallest(limit, range(len(rows)), key=lambda place: keyed_order(seed, rows[place].id))
    return [rows[place] for place in sorted(chosen)]
