"""One number from independent estimates that each have an interval, such as the gain of a strategy over several tasks, or a difference."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.statistics.intervals.interval import Basis, Interval, no_interval


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


def difference_of_independent(before: float, before_interval: Interval, after: float, after_interval: Interval) -> Interval:
    """The interval of after − before from the intervals of two independent estimates, at the confidence level of theirs.

    Each side keeps its own distance: d − √((a − lₐ)² + (u_b − b)²) to d + √((uₐ − a)² + (b − l_b)²) (MOVER; Zou & Donner 2008,
    "Construction of confidence intervals about effect measures: a general approach", Statistics in Medicine 27:1693–1702). For two shares
    with Wilson's limits it is Newcombe's interval (1998, Statistics in Medicine 17:873–890, method 10). Positively correlated estimates
    make it too wide, never too narrow. It is reliable where both intervals are.
    """
    n, units = before_interval.n + after_interval.n, before_interval.units + after_interval.units
    low, high, after_low, after_high = before_interval.low, before_interval.high, after_interval.low, after_interval.high
    if low is None or high is None or after_low is None or after_high is None:
        return no_interval(n, units, before_interval.reason or after_interval.reason)
    difference = after - before
    basis = Basis(n, units, f"MOVER of {before_interval.method} and {after_interval.method}")
    for each in (before_interval, after_interval):
        basis = basis.require(each.reliable, each.reason)
    return basis.interval(
        difference - math.hypot(after - after_low, high - before), difference + math.hypot(after_high - after, before - low)
    )
