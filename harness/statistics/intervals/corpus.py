"""Intervals of corpus scores from corrected limits of the bootstrap."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS
from harness.statistics.examples import observed_scores, resampled_scores
from harness.statistics.intervals.bootstrap import (
    bootstrap_basis,
    corrected_basis,
    corrected_limits,
    effective_examples,
    leave_one_out,
)
from harness.statistics.intervals.interval import Interval
from harness.statistics.intervals.unseen import unseen_units
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


def corrected_interval(
    metric: Metric, stack: Array, cluster: NDArray[np.int64] | None, confidence: float = 0.95, *, resamples: int = 2000, seed: int = 0
) -> Interval:
    """The interval between the `corrected_limits` of a corpus score, at least as wide as unseen failures allow.

    For averages over labels, percentiles are too short: resampling lowers a macro-F1 once more, and a label on which hardly any error was
    seen adds no spread. In simulations with 2 to 77 labels and 14 to 50 examples of the rarest, percentiles cover 71–96%, this interval
    93–99%.

    Args:
        stack: (n, seeds, d), of two independent units or more.
    """
    alpha, value = (1 - confidence) / 2, float(np.mean(observed_scores(metric, stack)))
    resampled = resampled_scores(metric, stack, cluster, resamples, seed).mean(axis=-1)
    left_out = leave_one_out(metric, stack, cluster).mean(axis=-1)
    effective_n = effective_examples(left_out, metric, stack, cluster)
    basis = corrected_basis(bootstrap_basis(stack, cluster, resamples, seed, metric=metric), effective_n)
    low, high = corrected_limits(value, resampled, left_out, effective_n, alpha)
    low, high = min(low, value), max(high, value)
    if metric.unit in BOUNDS and high - low > 1e-12:
        lowest, highest = BOUNDS[metric.unit]
        effect = unseen_units(metric, stack, cluster).effect(alpha)
        low, high = min(low, value - effect * (value - lowest)), max(high, value + effect * (highest - value))
    return basis.interval(low, high, se=float(np.std(resampled, ddof=1)), df=max(2.0, effective_n) - 1)
