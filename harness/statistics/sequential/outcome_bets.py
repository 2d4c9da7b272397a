"""Limits of the difference between two variants that hold at every look, by betting.

Units (users, patients) are assigned at random: to the challenger with probability `share`, otherwise to the champion. Each unit has one
bounded outcome, in the order in which outcomes became final. For a unit with the outcome x (scaled to 0–1) the term

    y = (x − m) / share           for the challenger
    y = −(x − m) / (1 − share)    for the champion

has the mean "challenger minus champion" for any number m, as long as m was fixed before the unit was seen. This is the augmented
inverse-probability estimate; m is the running mean of the outcomes, which makes its variance that of the difference of two means.

A claim "the difference is at most d" is tested by a player who stakes a part of the capital on each unit: the capital is multiplied by
1 + λ(y − d), which is never negative and whose mean is at most 1 while the claim is true, if λ ≥ 0 was fixed before the unit was seen.
Capital that ever exceeds 1/α refutes the claim at level α, at any number of looks (Ville's inequality). The limits
are the values of d that are not refuted: Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting", JRSS B
86(1); for assigned units, Waudby-Smith, Wu, Ramdas, Karampatziakis & Mineiro 2024, "Anytime-valid off-policy inference for contextual
bandits", ACM/IMS Journal of Data Science 1(3).

The capital is split evenly among four players, who stake λ = effect / variance (the stake whose capital grows fastest if the difference
exceeds d by this effect) for half the effect that matters, for this effect, and for two and four times it. λ does not depend on d, so the
capital falls as d rises, and the limits form an interval.

Assumed: units are independent and assigned as stated, outcomes lie within their bounds, and when an outcome becomes final does not depend
on the variant. Units may change over time (heavy users may come first): as long as no unit's expected difference exceeds d, the capital has
no upward trend. Where the difference itself changes over time, the limits are about units on the whole, not about the newest ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

PLAYERS = (0.5, 1.0, 2.0, 4.0)  # the effects that they bet on, in multiples of the effect that matters
_LARGEST_STAKE = 0.5  # of what would lose the whole capital at once; the value that Waudby-Smith & Ramdas recommend
_GRID = 400  # values of d across the scale; between them, the logarithm of the capital is interpolated


@dataclass(frozen=True)
class DifferenceLimits:
    """The limits of the difference "challenger minus champion" after each unit, in the unit of the outcome.

    Attributes:
        estimate: the difference of the means of the two variants' units so far, (n,); NaN until both have a unit.
        low, high: the limits, (n,): with probability 1 − alpha, the difference is between them at all n looks together.
        alpha: each limit is at half of it.
    """

    estimate: Array
    low: Array
    high: Array
    alpha: float


def difference_limits(
    values: Array,
    is_challenger: NDArray[np.bool_],
    *,
    share: float,
    bounds: tuple[float, float],
    effect: float,
    alpha: float,
    exact_at: Sequence[float] = (),
) -> DifferenceLimits:
    """The limits after each unit.

    Args:
        values: the outcomes of the units, (n,), in the order in which they became final.
        is_challenger: the variants of the units, (n,).
        share: the probability of the challenger, between 0 and 1.
        bounds: the smallest and the largest possible outcome.
        effect: the difference that matters, above 0. It only decides how fast the limits narrow.
        alpha: of both limits together.
        exact_at: differences that will be compared with the limits: there they are exact, instead of interpolated.
    """
    lowest, highest = bounds
    width = highest - lowest
    x = (np.asarray(values, dtype=np.float64) - lowest) / width
    marks = [mark / width for mark in exact_at]
    low = _lower_limits(x, is_challenger, share, effect / width, alpha / 2, marks)
    high = -_lower_limits(x, ~is_challenger, 1 - share, effect / width, alpha / 2, [-mark for mark in marks])
    return DifferenceLimits(_mean_difference(x, is_challenger) * width, low * width, high * width, alpha)


def largest_stake(mean: float, share: float, bounds: tuple[float, float]) -> float:
    """The largest stake λ on a unit, per unit of the outcome, where the outcomes have this mean."""
    width = bounds[1] - bounds[0]
    return _LARGEST_STAKE / float(_reach((mean - bounds[0]) / width, share)) / width


def _lower_limits(x: Array, is_challenger: NDArray[np.bool_], share: float, effect: float, alpha: float, marks: Sequence[float]) -> Array:
    """The largest d from −1 to 1 that the capital has refuted so far, after each unit."""
    terms, stakes = _bets(x, is_challenger, share, effect)
    wanted = -math.log(alpha)
    grid = np.unique([*np.linspace(-1, 1, _GRID + 1), *marks])
    limits = np.full(len(x), -1.0)
    before = _log_capital(terms, stakes, grid[0])
    for d, following in pairwise(grid):
        if not (before >= wanted).any():
            break
        after = _log_capital(terms, stakes, following)
        crossed = (before >= wanted) & (after < wanted)
        limits[crossed] = d + (following - d) * (before - wanted)[crossed] / (before - after)[crossed]
        before = after
    return np.maximum.accumulate(limits) if len(limits) else limits


def _bets(x: Array, is_challenger: NDArray[np.bool_], share: float, effect: float) -> tuple[Array, Array]:
    """The terms y of the units, (…, n), and what each player stakes on them, (players, …, n): decided before the unit is seen."""
    order = np.arange(x.shape[-1])
    centre = share * _means_before(x, ~is_challenger) + (1 - share) * _means_before(x, is_challenger)
    terms = np.where(is_challenger, (x - centre) / share, (centre - x) / (1 - share))
    squares = np.cumsum(terms**2, axis=-1) - terms**2
    variances = (0.25 / (share * (1 - share)) + squares) / (1 + order)  # with one term of the largest possible variance
    stakes = [np.minimum(multiple * effect / variances, _LARGEST_STAKE / _reach(centre, share)) for multiple in PLAYERS]
    return terms, np.stack(stakes)


def _reach(centre: Array | float, share: float) -> Array | float:
    """How far a term can be below any d: the lowest term is −centre/share or −(1 − centre)/(1 − share), and d at most 1."""
    reach: Array = 1 + np.maximum(np.divide(centre, share), np.divide(np.subtract(1, centre), 1 - share))
    return reach


def _means_before(x: Array, chosen: NDArray[np.bool_]) -> Array:
    """The mean of the chosen outcomes before each unit, together with one outcome of 0.5."""
    taken = np.where(chosen, x, 0.0)
    counts: Array = np.cumsum(chosen, axis=-1, dtype=np.float64) - chosen
    means: Array = (0.5 + np.cumsum(taken, axis=-1) - taken) / (1 + counts)
    return means


def _log_capital(terms: Array, stakes: Array, d: float) -> Array:
    """The logarithm of the capital that is bet against "the difference is at most d", after each unit."""
    capitals = np.cumsum(np.log1p(stakes * (terms - d)), axis=-1)
    total: Array = np.logaddexp.reduce(capitals, axis=0) - math.log(len(PLAYERS))
    return total


def _mean_difference(x: Array, is_challenger: NDArray[np.bool_]) -> Array:
    """The difference of the means so far; NaN until both variants have a unit."""
    with np.errstate(invalid="ignore", divide="ignore"):
        challenger = np.cumsum(np.where(is_challenger, x, 0.0)) / np.cumsum(is_challenger)
        champion = np.cumsum(np.where(is_challenger, 0.0, x)) / np.cumsum(~is_challenger)
    difference: Array = challenger - champion
    return difference
