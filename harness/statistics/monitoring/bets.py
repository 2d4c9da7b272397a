"""Bets against uniform p-values: densities on (0, 1), each the exact likelihood ratio of one kind of change.

If p-values are independent and uniform, the product of f(p) over them is a nonnegative martingale that starts at 1, for every density f.
The family below has

- shifts: with z = Φ⁻¹(1 − p), f(p) = exp(δz − δ²/2), the likelihood ratio of a normal value whose mean moved by δ standard deviations;
- spreads: f(p) = exp(z²/2 · (1 − 1/s²))/s, that of a standard deviation that is s times as large;
- tails: r on (0, t), and (1 − rt)/(1 − t) outside of it, that of an event with probability t that is r times as
  frequent; and its mirror image.

No bet needs the distribution of the values, because p-values of ranks are uniform for any of them. A wrong bet loses money, never validity.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

_SHIFTS = (0.1, 0.2, 0.4, 0.8, 1.6)  # standard deviations, in both directions
_SPREADS = (0.6, 1.5)
_TAILS = ((0.01, 3.0), (0.01, 8.0), (0.03, 2.5), (0.03, 6.0), (0.1, 2.0), (0.1, 4.0), (0.3, 1.5), (0.3, 2.4))
BETS = 2 * len(_SHIFTS) + len(_SPREADS) + 2 * len(_TAILS)

_LEAST = 1e-12  # p-values nearer to 0 or 1 have no finite z


def log_bets(p_values: Array) -> Array:
    """The logarithms of all densities at p-values: (n,) → (n, `BETS`).

    Args:
        p_values: small where the value is large.
    """
    p = np.clip(p_values, _LEAST, 1 - _LEAST)
    z = normal_scores(p)[:, None]
    shifts, spreads, sizes, inside, outside = _constants()
    by_shift = z * shifts - shifts**2 / 2
    by_spread = z**2 / 2 * (1 - 1 / spreads**2) - np.log(spreads)
    upper = np.where(p[:, None] < sizes, inside, outside)
    lower = np.where(p[:, None] > 1 - sizes, inside, outside)
    return np.concatenate([by_shift, by_spread, upper, lower], axis=1)


def normal_scores(p_values: Array) -> Array:
    """z = Φ⁻¹(1 − p): standard normal where p-values are uniform, and positive where values are large."""
    from scipy.special import ndtri

    scores: Array = -ndtri(np.clip(p_values, _LEAST, 1 - _LEAST))
    return scores


@lru_cache(maxsize=1)
def _constants() -> tuple[Array, Array, Array, Array, Array]:
    sizes, factors = np.array(_TAILS).T
    inside = np.log(factors)
    outside = np.array([math.log((1 - factor * size) / (1 - size)) for size, factor in _TAILS])
    return np.array([*(-shift for shift in _SHIFTS), *_SHIFTS]), np.array(_SPREADS), sizes, inside, outside
