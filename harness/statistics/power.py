"""Could a difference have been seen? The smallest one that a comparison finds, and the rows that it takes to find a given one.

A difference is found where the two-sided test at level α rejects; `power` is how often it does when the difference is real.

| score | detectable difference |
| --- | --- |
| means | (t(1 − α/2, df) + t(power, df)) · SE, the usual approximation to the noncentral t |
| 0/1 scores | δ with n δ² = (z(1 − α/2) √ψ + z(power) √(ψ − δ²))², ψ the share of rows on which the two differ |

The second is Connor's (1987, "Sample size for testing differences in proportions for the paired-sample design", Biometrics 43:207–211).
The spread is taken as it was seen. With few rows that is itself uncertain, and so is the answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable

POWER = 0.8


def detectable_mean(se: float, df: float, *, alpha: float = 0.05, power: float = POWER) -> float:
    """The smallest difference of means, in the unit of `se`, that is found with this power."""
    from scipy.stats import t

    return float(t.ppf(1 - alpha / 2, df) + t.ppf(power, df)) * se


def detectable_share(differing: int, n: int, *, alpha: float = 0.05, power: float = POWER) -> float:
    """The smallest difference of two shares that is found with this power, where `differing` of n rows tell the two apart.

    At most ψ = differing/n, for then every row that differs does so in one direction. Where even that would not be found, too few rows
    differ, and it is the smallest ψ at which it would.
    """
    z_alpha, z_power = _z(1 - alpha / 2), _z(power)

    def found(delta: float, psi: float) -> bool:
        return math.sqrt(n) * delta >= z_alpha * math.sqrt(psi) + z_power * math.sqrt(max(psi - delta**2, 0.0))

    least = _least(lambda psi: found(psi, psi), 1.0)
    psi = max(differing / n, least)
    return _least(lambda delta: found(delta, psi), psi)


def _least(holds: Callable[[float], bool], most: float) -> float:
    """The smallest value up to `most` from which on the condition holds, by bisection; `most` where it never does."""
    low, high = 0.0, most
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def needed_rows(n: int, detectable: float, wanted: float) -> int:
    """How many rows like these find a difference of `wanted`, where n find one of `detectable`: it shrinks with the root of the rows.

    Raises:
        ValueError: `wanted` is not above 0.
    """
    if not wanted > 0:
        raise ValueError(f"the difference that is wanted must be above 0, not {wanted}")
    return max(n, math.ceil(n * (detectable / wanted) ** 2)) if detectable > wanted else n


def _z(quantile: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(quantile)
