"""A seeded random sample, for short runs. Of examples with labels it is stratified."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from harness.data.identity import seeded_rank_number
from harness.data.pipeline.stratification import label_strata, stratified_order
from harness.types import Example

if TYPE_CHECKING:
    from numpy.typing import NDArray


def sample(examples: Sequence[Example], limit: int, seed: int) -> list[Example]:
    """At most `limit` random examples, in file order. The sample for a smaller limit is a subset of that for a larger one."""
    positions = sample_positions(len(examples), lambda position: examples[position].id, limit, seed, strata=label_strata(examples))
    return [examples[position] for position in positions]


def sample_positions(
    size: int, get_id: Callable[[int], str], limit: int, seed: int, *, strata: NDArray[Any] | None = None
) -> Sequence[int]:
    """The positions of such a sample among `size` rows, from their ids alone.

    Args:
        strata: (size,) the class of each row. With it, each class has about its share of the sample, and a sample of at least twice as
            many rows as there are classes has every class.
    """
    import numpy as np

    if limit >= size:
        return range(size)
    ranks = np.fromiter((seeded_rank_number(seed, get_id(position)) for position in range(size)), np.uint64, size)
    order = np.argsort(ranks, kind="stable")
    if strata is not None:
        order = order[stratified_order(strata[order])]
    chosen: list[int] = np.sort(order[:limit]).tolist()
    return chosen
