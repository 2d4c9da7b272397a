"""How many examples each label has, where a score weighs all labels equally."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.intervals.interval import Basis
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]

MIN_EXAMPLES_OF_LABEL = 10
_MOST_NAMED = 3


def units_of_labels(metric: Metric, statistics: Array, cluster: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """The number of independent examples, or groups, of each label of the metric, (K,).

    Args:
        statistics: (n, seeds, d) or (n, d); the last K numbers say which label is right.
    """
    first = statistics[:, 0] if statistics.ndim == 3 else statistics
    right = first[:, -len(metric.labels) :] > 0
    if cluster is not None:
        grouped = np.zeros((int(cluster.max()) + 1, right.shape[1]), dtype=bool)
        np.logical_or.at(grouped, cluster, right)
        right = grouped
    counts: NDArray[np.int64] = right.sum(axis=0)
    return counts


def require_examples_of_labels(basis: Basis, metric: Metric, statistics: Array, cluster: NDArray[np.int64] | None) -> Basis:
    """Not reliable where a label that occurs has fewer than 10 examples, or groups; the reason names such labels, and what needs fewer."""
    counts = units_of_labels(metric, statistics, cluster)
    rare = [label for label, count in zip(metric.labels, counts.tolist(), strict=True) if 0 < count < MIN_EXAMPLES_OF_LABEL]
    if not rare:
        return basis
    named = ", ".join(f"'{label}'" for label in rare[:_MOST_NAMED]) + (
        f" and {len(rare) - _MOST_NAMED} more" if len(rare) > _MOST_NAMED else ""
    )
    units = "examples" if cluster is None else "groups"
    few = f"fewer than {MIN_EXAMPLES_OF_LABEL} {units} of the label{'s' if len(rare) > 1 else ''} {named}"
    return basis.require(False, f"{few}; a score that weighs all examples equally, such as accuracy, needs fewer")
