"""Examples that share a group (a patient, a document, a conversation) are not independent. Here groups become clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Groups: TypeAlias = Sequence[str | int | None] | NDArray[np.int64]


def cluster_index(groups: Groups | None, n: int) -> NDArray[np.int64] | None:
    """The cluster of each example as a number from 0; None where no group has two examples, for then all are independent.

    An example whose group is None is a cluster of its own.

    Raises:
        ValueError: the length of `groups` is not n.
    """
    if groups is None:
        return None
    if len(groups) != n:
        raise ValueError(f"{len(groups)} groups for {n} examples")
    numbers: dict[object, int] = {}
    index = np.array([numbers.setdefault(object() if g is None else g, len(numbers)) for g in groups], dtype=np.int64)
    return index if len(numbers) < n else None


def count_units(n: int, cluster: NDArray[np.int64] | None) -> int:
    """The number of independent units: n examples, or their clusters."""
    return n if cluster is None or n == 0 else int(cluster.max()) + 1


def cluster_sums(values: NDArray[np.float64], cluster: NDArray[np.int64] | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The sums of the values (n, d) in each of G clusters, (G, d), and the sizes of the clusters, (G,)."""
    if cluster is None:
        return values, np.ones(len(values))
    order = np.argsort(cluster, kind="stable")
    sizes = np.bincount(cluster)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    sums: NDArray[np.float64] = np.add.reduceat(values[order], starts, axis=0)
    return sums, sizes.astype(np.float64)
