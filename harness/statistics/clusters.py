"""Rows that share a group (a patient, a document, a conversation) are not independent: here they become clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Groups: TypeAlias = Sequence[str | int | None] | NDArray[np.int64]


def cluster_index(groups: Groups | None, n: int) -> NDArray[np.int64] | None:
    """The cluster of each row as a number from 0; None where no group has two rows, for then the rows are independent.

    A row whose group is None is a cluster of its own.

    Raises:
        ValueError: `groups` is not one for each of the n rows.
    """
    if groups is None:
        return None
    if len(groups) != n:
        raise ValueError(f"{len(groups)} groups for {n} rows")
    numbers: dict[object, int] = {}
    index = np.array([numbers.setdefault(object() if g is None else g, len(numbers)) for g in groups], dtype=np.int64)
    return index if len(numbers) < n else None


def cluster_sums(rows: NDArray[np.float64], cluster: NDArray[np.int64] | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The sums of the rows (n, d) in each of G clusters, (G, d), and the sizes of the clusters, (G,)."""
    if cluster is None:
        return rows, np.ones(len(rows))
    order = np.argsort(cluster, kind="stable")
    sizes = np.bincount(cluster)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    sums: NDArray[np.float64] = np.add.reduceat(rows[order], starts, axis=0)
    return sums, sizes.astype(np.float64)
