"""The two laws that learning curves follow, and their fits.

| law | score at n training examples | |
| --- | --- | --- |
| `PowerLaw` | a − b·n^(−c), c > 0 | levels off at `a`, which lies within the bounds of the scale |
| `LogLaw` | a + b·log n | every doubling adds the same, up to the bounds of the scale |

The inverse power law is the usual form (Figueroa et al. 2012, "Predicting sample size required for classification performance", BMC
Medical Informatics and Decision Making 12:8; Hestness et al. 2017, "Deep learning scaling is predictable, empirically", arXiv:1712.00409).
Within the sizes that were run, scores that have not begun to level off look the same under both laws, but beyond them the laws part:
where the truth is logarithmic, a power law whose end lies on the scale predicts too little. The sign of `b` is free, so scores for which
lower is better, and scores that fall with more examples, follow the same laws. Every size has the same weight in a fit.

For a given c the power law is linear in a and b, so their least squares are exact, and only c is searched for (variable projection, Golub &
Pereyra 1973): this finds the best fit of the whole range, not one near a starting value, for a thousand resamples at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS

Array: TypeAlias = NDArray[np.float64]
LawName: TypeAlias = Literal["power", "log"]

_EXPONENTS = np.geomspace(0.05, 5.0, 93)  # from almost a logarithm to a step at the smallest size


@dataclass(frozen=True)
class PowerLaw:
    """score(n) = a − b·n^(−c)."""

    name: ClassVar[LawName] = "power"

    a: float
    b: float
    c: float

    def at(self, size: float) -> float:
        """The score on the curve at this number of training examples."""
        return float(self.a - self.b * size**-self.c)


@dataclass(frozen=True)
class LogLaw:
    """score(n) = a + b·log n, with the natural logarithm."""

    name: ClassVar[LawName] = "log"

    a: float
    b: float

    def at(self, size: float) -> float:
        """The score on the curve at this number of training examples; beyond the scale where the curve leaves it."""
        return float(self.a + self.b * math.log(size))


Law: TypeAlias = PowerLaw | LogLaw


def fit_power_law(sizes: Sequence[int], scores: Sequence[float] | Array, unit: str = "") -> PowerLaw:
    """The inverse power law through the scores (k,) at these sizes, by least squares, with `a` within the bounds of the unit."""
    laws = fit_power_laws(np.asarray(sizes, dtype=np.float64), np.asarray(scores, dtype=np.float64)[None], BOUNDS.get(unit))
    return PowerLaw(*(float(v) for v in laws[0]))


def fit_log_law(sizes: Sequence[int], scores: Sequence[float] | Array) -> LogLaw:
    """The logarithmic law through the scores (k,) at these sizes, by least squares."""
    laws = fit_log_laws(np.asarray(sizes, dtype=np.float64), np.asarray(scores, dtype=np.float64)[None])
    return LogLaw(*(float(v) for v in laws[0]))


def predict_scores(name: LawName, laws: Array, size: float) -> Array:
    """The scores at one size, (R,), of the laws that `fit_power_laws` or `fit_log_laws` returned, (R, parameters)."""
    if name == "power":
        return np.asarray(laws[:, 0] - laws[:, 1] * size ** -laws[:, 2])
    return np.asarray(laws[:, 0] + laws[:, 1] * math.log(size))


def fit_log_laws(sizes: Array, scores: Array) -> Array:
    """The best (a, b) of each row of scores, (R, k) at sizes (k,) → (R, 2)."""
    logs = np.log(sizes)
    centred = logs - logs.mean()
    b = scores @ centred / (centred @ centred)
    return np.stack([scores.mean(axis=1) - b * logs.mean(), b], axis=1)


def fit_power_laws(sizes: Array, scores: Array, bounds: tuple[float, float] | None) -> Array:
    """The best (a, b, c) of each row of scores, (R, k) at sizes (k,) → (R, 3).

    The exponent is searched on a grid, then twice on a finer one around the best so far, to about a thousandth of its value.
    """
    grid = np.broadcast_to(_EXPONENTS, (len(scores), len(_EXPONENTS)))
    ratio = _EXPONENTS[1] / _EXPONENTS[0]
    best = np.empty((len(scores), 3))
    for _ in range(3):
        a, b, squares = _linear_fits(sizes, scores, grid, bounds)
        at = np.arange(len(scores)), squares.argmin(axis=1)
        best = np.stack([a[at], b[at], grid[at]], axis=1)
        around = ratio ** np.linspace(-1, 1, 9)
        grid = np.clip(best[:, 2:] * around, _EXPONENTS[0], _EXPONENTS[-1])
        ratio **= 0.25
    best[:, 1] *= sizes[-1] ** best[:, 2]  # the fits use sizes relative to the largest
    return best


def _linear_fits(sizes: Array, scores: Array, exponents: Array, bounds: tuple[float, float] | None) -> tuple[Array, Array, Array]:
    """For each row and exponent (R, C): a, b (for sizes relative to the largest) and the residual sum of squares."""
    powers = (sizes / sizes[-1]) ** -exponents[..., None]  # (R, C, k)
    y = scores[:, None, :]
    centred = powers - powers.mean(axis=-1, keepdims=True)
    b = -(centred * y).sum(axis=-1) / (centred**2).sum(axis=-1)
    a = y.mean(axis=-1) + b * powers.mean(axis=-1)
    if bounds is not None:  # the squares are a parabola in a for the best b of each a, so outside the bounds the bound is best
        outside = (a < bounds[0]) | (a > bounds[1])
        a = np.clip(a, *bounds)
        b = np.where(outside, (powers * (a[..., None] - y)).sum(axis=-1) / (powers**2).sum(axis=-1), b)
    return a, b, ((y - a[..., None] + b[..., None] * powers) ** 2).sum(axis=-1)
