"""One number from independent estimates that each have an interval, such as the gain of a strategy over several tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence


def mean_of_independent(values: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> tuple[float, float, float]:
    """The mean of k independent estimates and its limits, at the confidence level of theirs.

    Each side keeps its own distance, so skewed intervals stay skewed: mean − √Σ(vᵢ − lᵢ)²/k to mean + √Σ(uᵢ − vᵢ)²/k (MOVER; Zou & Donner
    2008, "Construction of confidence intervals about effect measures: a general approach", for a sum). The estimates are assumed to be
    independent: for test sets that share examples they are not, and the limits are then too narrow.

    Raises:
        ValueError: no value, or a value without a limit on each side.
    """
    count = len(values)
    if not count or len(lows) != count or len(highs) != count:
        raise ValueError(f"{count} values with {len(lows)} lower and {len(highs)} upper limits")
    mean = math.fsum(values) / count
    below = math.sqrt(math.fsum((v - low) ** 2 for v, low in zip(values, lows, strict=True))) / count
    above = math.sqrt(math.fsum((high - v) ** 2 for v, high in zip(values, highs, strict=True))) / count
    return mean, mean - below, mean + above
