"""How well a classifier separates new examples from the reference: the area under its ROC curve, with an interval and a p-value.

A classifier that was trained on other examples of both is a fixed function. Without a change, its scores of the two samples have one
distribution, and the area is 0.5 (the classifier two-sample test; Lopez-Paz & Oquab 2017, "Revisiting classifier two-sample tests", ICLR).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

LEAST_SEPARATED = 20  # examples of each sample, below which the normal approximation is not used


@dataclass(frozen=True)
class SampleSeparation:
    """The separation of two samples.

    Attributes:
        area: the chance that a new example has a higher score than one of the reference; ties count half. 0.5: no separation.
        low, high: its 95% interval, by DeLong's standard error on the logit scale.
        p_value: one-sided, of an area of 0.5 (Mann–Whitney, with ties).
        n_reference, n_new: the examples that were scored.
    """

    area: float
    low: float
    high: float
    p_value: float
    n_reference: int
    n_new: int


def measure_separation(reference: Array, new: Array) -> SampleSeparation:
    """The separation of two samples by scores of a classifier that was trained on neither.

    The p-value is that of the normal distribution, whose tail is heavier than that of the rank sum (its excess kurtosis is negative), so
    that it errs on the careful side at very small levels. DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837–845.

    Args:
        reference, new: (m,) and (n,), independent examples; at least two each.
    """
    from scipy.special import ndtr
    from scipy.stats import rankdata

    m, n = len(reference), len(new)
    both = np.concatenate([reference, new])
    ranks = rankdata(both)
    above = (ranks[m:] - rankdata(new)) / m  # (n,) the share of the reference below each new example
    below = 1 - (ranks[:m] - rankdata(reference)) / n  # (m,) the share of new examples above each of the reference
    area = float(above.mean())
    error = math.sqrt(float(above.var(ddof=1)) / n + float(below.var(ddof=1)) / m)
    _, ties = np.unique(both, return_counts=True)
    total = m + n
    variance = m * n / 12 * (total + 1 - float((ties**3 - ties).sum()) / (total * (total - 1)))
    z = (area - 0.5) * m * n / math.sqrt(variance) if variance > 0 else 0.0
    low, high = _logit_interval(area, error, min(m, n))
    return SampleSeparation(area, low, high, float(ndtr(-z)), m, n)


def _logit_interval(area: float, error: float, smaller: int) -> tuple[float, float]:
    """A perfect separation has the interval that the smaller sample allows: no failure in so many (Clopper–Pearson)."""
    if not 0 < area < 1 or error == 0:
        unseen = 1 - 0.025 ** (1 / smaller)
        return max(0.0, area - unseen), min(1.0, area + unseen)
    middle, half = math.log(area / (1 - area)), 1.959964 * error / (area * (1 - area))
    return 1 / (1 + math.exp(half - middle)), 1 / (1 + math.exp(-half - middle))
