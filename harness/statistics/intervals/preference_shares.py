"""The share of comparisons that one side wins, where a tie counts as half."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.examples import Groups, cluster_index
from harness.statistics.intervals.interval import Interval
from harness.statistics.intervals.proportions import proportion_interval
from harness.statistics.intervals.weighted import weighted_difference, weighted_share

Array: TypeAlias = NDArray[np.float64]


def preference_share(
    values: Array, probabilities: Array | None = None, groups: Groups | None = None, confidence: float = 0.95
) -> tuple[float, Interval]:
    """A share from 0 to 1 with its interval.

    Without ties, it is a proportion (`proportion_interval`; `weighted_share` with groups or unequal probabilities). With ties it is half
    of a paired difference above one half: 2v − 1 is 1 for a win, −1 for a loss and 0 for a tie (`weighted_difference`).

    Args:
        values: (n,), each from 0 to 1, n at least 1.
        probabilities: of each example to be drawn, (n,); None where they are equal.
        groups: (n,).
    """
    n = len(values)
    weights = np.ones(n) if probabilities is None else probabilities
    if not np.isin(values, (0.0, 1.0)).all():
        lead, interval = weighted_difference(2 * values - 1, weights, groups, confidence=confidence)
        low, high = (None if end is None else min(1.0, max(0.0, (1 + end) / 2)) for end in (interval.low, interval.high))
        return (1 + lead) / 2, replace(interval, low=low, high=high, se=None if interval.se is None else interval.se / 2)
    if np.ptp(weights) < 1e-12 and cluster_index(groups, n) is None:
        return float(values.mean()), proportion_interval(int(values.sum()), n, confidence)
    return weighted_share(values, weights, groups, confidence)
