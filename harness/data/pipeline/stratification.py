"""Stratified random orders: wherever such an order is cut, both parts hold each class in about its share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.types import Example

if TYPE_CHECKING:
    from numpy.typing import NDArray


def stratified_order(strata: NDArray[Any], sizes: NDArray[Any] | None = None, *, last_in_rear: bool = False) -> NDArray[Any]:
    """The positions of items in a stratified order. Items of one stratum keep their order.

    An item's place is the share of its stratum that precedes it, to its middle: these are the quotients of Sainte-Laguë, which are
    proportional, favour neither rare nor frequent classes, and make each prefix a part of the longer ones. The first item of each of K
    strata comes among the first 2 K items, so that a sample of that size lacks no class.

    Args:
        strata: (items,) the number of each item's stratum, the items in random order.
        sizes: (items,) how many examples each item has; default: one.
        last_in_rear: whether the last item of each stratum comes behind all others, so that the remainder lacks no class either. Of these,
            strata of one item come first.
    """
    import numpy as np

    items = np.ones(len(strata)) if sizes is None else np.asarray(sizes, np.float64)
    number = np.unique(strata, return_inverse=True)[1]
    by_stratum = np.argsort(number, kind="stable")
    totals = np.bincount(number, weights=items)
    ends = np.cumsum(np.bincount(number))
    before = np.concatenate([[0.0], np.cumsum(totals)[:-1]])
    places = np.empty(len(items))
    places[by_stratum] = np.cumsum(items[by_stratum]) - items[by_stratum] / 2 - before[number[by_stratum]]
    places /= totals[number]
    first = by_stratum[np.concatenate([[0], ends[:-1]])]
    places[first] = np.minimum(places[first], len(totals) / items.sum())
    if last_in_rear:
        places[by_stratum[ends - 1]] = np.where(np.bincount(number) > 1, 2.0, 1.0)
    return np.argsort(places, kind="stable")


def label_strata(examples: Sequence[Example]) -> NDArray[Any] | None:
    """The number of each example's label; None if the examples have no labels."""
    import numpy as np

    if not examples or not all(example.choices and example.targets for example in examples):
        return None
    return np.unique([example.targets[0] for example in examples], return_inverse=True)[1]
