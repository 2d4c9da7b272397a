"""How many units an experiment needs before it starts, when it is looked at after every unit.

A player who stakes λ on an effect δ above the claim has a capital whose logarithm is a walk that rises by g = λδ − λ²v/2 per unit, with the
variance λ²v, where v is the variance of a unit's term: `difference_variance`. By its limit, Brownian motion with drift, it reaches the
height b within n units with the probability

    Φ((gn − b) / (λ√(vn))) + exp(2gb / (λ²v))·Φ(−(gn + b) / (λ√(vn)))

(the inverse Gaussian distribution of first passages; Siegmund 1985, "Sequential Analysis", section 3.4). The stake is δ/v, or the largest
that is allowed, if that is smaller, as for rare outcomes. The height is log(2/α), and log 4 more because the four players share the
capital, of whom one bets on the planned effect. What the others win is left out, so the plan is slightly cautious: in simulations of plans
for 80%, 82–90% of experiments found the effect, and up to 98% where stakes are limited.
"""

from __future__ import annotations

import math

from harness.statistics.sample_size import POWER
from harness.statistics.sequential.outcome_bets import PLAYERS

_MOST_UNITS = 1e12
_LEAST_VARIANCE = 1e-6  # of a term, so that outcomes that are all equal have a plan
_EXACT = 1e-5  # relative


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


def chance_to_show(units: float, effect: float, variance: float, alpha: float, most_stake: float = math.inf) -> float:
    """The probability that a true effect is shown within so many units.

    Args:
        effect: how far the true difference is from the value that it is shown to exceed, above 0.
        variance: `difference_variance`, above 0.
        alpha: of both limits together.
        most_stake: `largest_stake`, per unit of the outcome.
    """
    from scipy.special import log_ndtr, ndtr

    height = math.log(2 / alpha) + math.log(len(PLAYERS))
    stake = min(effect / variance, most_stake)
    rise, spread = stake * effect - stake**2 * variance / 2, stake * math.sqrt(variance)
    scale = spread * math.sqrt(units)
    reflected = 2 * rise * height / spread**2 + log_ndtr(-(rise * units + height) / scale)
    return min(1.0, float(ndtr((rise * units - height) / scale) + math.exp(min(0.0, reflected))))


def units_to_show(effect: float, variance: float, alpha: float, power: float = POWER, most_stake: float = math.inf) -> int | None:
    """The units of both variants together that show this effect with this probability; None for more than a trillion.

    Args:
        variance: `difference_variance`; where it is 0, all outcomes are equal, and only the largest stake limits how soon that is shown.
    """
    variance = max(variance, effect * effect * _LEAST_VARIANCE)

    def is_shown(units: float) -> bool:
        return chance_to_show(units, effect, variance, alpha, most_stake) >= power

    if not is_shown(_MOST_UNITS):
        return None
    low, high = 0.5, _MOST_UNITS
    while high - low > _EXACT * high:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if is_shown(middle) else (middle, high)
    return math.ceil(high)


def effect_to_show(units: float, variance: float, alpha: float, power: float = POWER, most_stake: float = math.inf) -> float | None:
    """The smallest effect that so many units show with this probability; None where only one above 1,000 standard errors is shown."""
    variance = max(variance, _LEAST_VARIANCE)
    low, high = 0.0, 1000 * math.sqrt(variance / units)
    if chance_to_show(units, high, variance, alpha, most_stake) < power:
        return None
    while high - low > _EXACT * high:
        middle = (low + high) / 2
        low, high = (low, middle) if chance_to_show(units, middle, variance, alpha, most_stake) >= power else (middle, high)
    return high
