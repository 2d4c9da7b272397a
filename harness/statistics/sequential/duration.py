"""How many units an experiment needs before it starts, when it is looked at after every unit.

Bets on an effect δ above the claim make the logarithm of the capital a walk that rises by g = δ²/(2v) per unit, with the variance 2g, where
v is the variance of a unit's term: `difference_variance`. By its limit, Brownian motion with drift, it reaches the height b within n units
with the probability

    Φ((gn − b) / √(2gn)) + exp(b)·Φ(−(gn + b) / √(2gn))

(the inverse Gaussian distribution of first passages; Siegmund 1985, "Sequential Analysis", section 3.4). The height is log(2/α), and log 4
more because the four players share the capital, of whom one bets on the planned effect. What the others win is left out, so the plan is
slightly cautious: in simulations of plans for 80%, 82–91% of experiments found the effect.
"""

from __future__ import annotations

import math

from harness.statistics.sample_size import POWER
from harness.statistics.sequential.outcome_bets import PLAYERS

_MOST_UNITS = 1e12


def unit_spread(spread: float, answers: float, correlation: float) -> float:
    """The standard deviation of the mean outcome of a unit's answers.

    Args:
        spread: the standard deviation of the outcome of one answer.
        answers: of one unit, at least 1.
        correlation: between two answers of one unit, 0–1; with 1, further answers of the same unit bring nothing.
    """
    return spread * math.sqrt(correlation + (1 - correlation) / answers)


def difference_variance(challenger_spread: float, champion_spread: float, share: float) -> float:
    """The variance v of a unit's term: that of the difference of means is v/n for n units of both variants together."""
    return challenger_spread**2 / share + champion_spread**2 / (1 - share)


def chance_to_show(units: float, effect: float, variance: float, alpha: float) -> float:
    """The probability that a true effect is shown within so many units.

    Args:
        effect: how far the true difference is from the value that it is shown to exceed, above 0.
        variance: `difference_variance`, above 0.
        alpha: of both limits together.
    """
    from scipy.special import log_ndtr, ndtr

    height = math.log(2 / alpha) + math.log(len(PLAYERS))
    rise = effect**2 / (2 * variance) * units
    scale = math.sqrt(2 * rise)
    return float(ndtr((rise - height) / scale) + math.exp(height + log_ndtr(-(rise + height) / scale)))


def units_to_show(effect: float, variance: float, alpha: float, power: float = POWER) -> int | None:
    """The units of both variants together that show this effect with this probability; None for more than a trillion.

    Args:
        variance: `difference_variance`; 0 where all outcomes are equal.
    """
    if variance <= 0:
        return 1
    if chance_to_show(_MOST_UNITS, effect, variance, alpha) < power:
        return None
    low, high = 1.0, _MOST_UNITS
    while high - low > 0.5:
        middle = (low + high) / 2 if high < 4 * low else math.sqrt(low * high)
        low, high = (low, middle) if chance_to_show(middle, effect, variance, alpha) >= power else (middle, high)
    return math.ceil(high)


def effect_to_show(units: float, variance: float, alpha: float, power: float = POWER) -> float:
    """The smallest effect that so many units show with this probability. It scales as the square root of variance by units."""
    reference = 1.0
    needed = units_to_show(reference, 1e4, alpha, power) or 1
    return reference * math.sqrt(needed / 1e4 * variance / units)
