"""The limits of a mean, each at its own level, and the p-value that belongs to them.

For a mean whose error is symmetric they are those of t. Where the values are skewed, t is too short on one side and too long on the other.
A two-sided interval forgives that, since what one end misses the other makes up for; one end alone does not, and the usual case is the
harmful one: a strategy that equals another but for a few rows on which it fails badly. So where the skewness κ of the mean (γ/√n for
n rows) is beyond 1.5 of its standard errors, or half of one where rows come in groups, of which few are seen, the limits are the outer
ones of t and of Hall (1992, "On the removal of skewness by transformation", Journal of the Royal Statistical Society B
54:221–228), in which T = (mean − μ)/SE is replaced by

    g(T) = T + κ/3 T² + κ²/27 T³ + κ/6,    limits: mean − SE g⁻¹(± t(1 − α, df))

κ is estimated from the same rows, and too small just where a tail was missed: it is first moved by its standard error in the direction
that the limit has to fear. In simulations from 30 rows on, a limit at 5 % then errs in 5.4 % of the cases at most, and an interval of 95 %
covers 95–97 % (exponential values: t errs in 10 % on one side, Hall's limits in 6 %; symmetric ones with long tails: Hall's in 9 %).
No method knows of failures that the rows do not show.
"""

from __future__ import annotations

import math

from harness.statistics.mean_errors import MeanError

_BEYOND_CHANCE = {False: 1.5, True: 0.5}  # whether rows come in groups


def may_be_skewed(error: MeanError) -> bool:
    """Whether the skewness of the mean is more than chance is allowed to make."""
    return error.se > 0 and abs(error.skewness) > _BEYOND_CHANCE[error.grouped] * error.skewness_error


def mean_limits(mean: float, error: MeanError, alpha: float) -> tuple[float, float]:
    """The true mean is above the first, and below the second, each with confidence 1 − α."""
    from scipy.stats import t

    quantile = float(t.ppf(1 - alpha, error.df))
    below = above = quantile
    if may_be_skewed(error):
        below = max(quantile, _inverse(quantile, error.skewness - error.skewness_error))
        above = max(quantile, -_inverse(-quantile, error.skewness + error.skewness_error))
    return mean - error.se * below, mean + error.se * above


def p_value_of_mean(mean: float, error: MeanError) -> float:
    """Of a true mean of 0, two-sided: twice the smallest α at which `mean_limits` leave 0 outside. `se` must be above 0."""
    from scipy.stats import t

    student = mean / error.se
    tail = float(t.sf(abs(student), error.df))
    if may_be_skewed(error):
        moved = error.skewness - math.copysign(error.skewness_error, student)
        tail = max(tail, float(t.sf(math.copysign(1.0, student) * _transformed(student, moved), error.df)))
    return min(1.0, 2 * tail)


def _transformed(student: float, skewness: float) -> float:
    """g."""
    return student + skewness / 3 * student**2 + skewness**2 / 27 * student**3 + skewness / 6


def _inverse(quantile: float, skewness: float) -> float:
    """g⁻¹."""
    if abs(skewness) < 1e-9:
        return quantile
    return 3 / skewness * (math.cbrt(1 + skewness * (quantile - skewness / 6)) - 1)
