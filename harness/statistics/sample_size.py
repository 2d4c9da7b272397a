"""How large must a test set be, and what can one of a given size show? Every sample-size formula of the product, one per question.

With σ the spread of a difference from one independent unit (example, or group of examples) to the next, its standard error is SE = σ/√n.
All formulas take σ as known. With few units it is itself uncertain, and so is the answer. The power is 80% throughout (`POWER`).

| question | function | formula |
| --- | --- | --- |
| Which difference of means do these data detect? | `detectable_mean_difference` | (t(1 − α/2, df) + t(power, df)) · SE |
| Which difference of proportions? | `detectable_proportion_difference` | δ with n δ² = (z(1 − α/2) √ψ + z(power) √(ψ − δ²))² |
| How many examples detect a given difference? | `examples_to_detect` | n · (detectable difference / given difference)² |
| How many examples show that a value is on the right side of a threshold? | `examples_to_show` | n · ((z(1 − α) + z(power)) SE/gap)² |
| How many examples show that a rate is below a ceiling? | `examples_to_show_rate` | exact, with Clopper–Pearson limits |
| What does a planned test set show about a margin? | `analyze_power` | the formulas above with z, before there are data |

"Detect" is a two-sided test of no difference at level α. "Show" is a one-sided limit at level α that lies beyond the threshold, while the
true value lies `gap` beyond it: for "not worse by more than Δ" between two equally good strategies, the gap is Δ.

The formula for means is the usual approximation to the noncentral t; that for proportions, with ψ the share of examples on which the two
differ, is from Connor (1987, "Sample size for testing differences in proportions for the paired-sample design", Biometrics 43:207–211); the
one-sided one is that of non-inferiority trials with normal data (Julious 2004, "Sample sizes for clinical trials with normal data",
Statistics in Medicine 23:1921–1986).

The readings of `examples_to_show` differ in three respects, which their callers state: the level (0.05 for "not worse", the familywise
level of a pair in the recommendation, α over the planned looks in the gate); the gap (the margin, or in the gate's rules against a value
and "better" the observed gap); and the answer where the formula asks for no more examples than there are (see `more_examples_to_show`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from harness.metrics import BOUNDS
from harness.types import Metric

POWER = 0.8
_PLANNING_ALPHA = 0.05
_NORMAL = NormalDist()


def detectable_mean_difference(se: float, df: float, *, alpha: float = 0.05, power: float = POWER) -> float:
    """The smallest difference of means, in the unit of `se`, that a two-sided test at level alpha detects with this power."""
    from scipy.stats import t

    return float(t.ppf(1 - alpha / 2, df) + t.ppf(power, df)) * se


def detectable_proportion_difference(differing: int, n: int, *, alpha: float = 0.05, power: float = POWER) -> float:
    """The smallest difference of two proportions that is detected with this power, where two systems differ on `differing` of n examples.

    At most ψ = differing/n, for then every differing example does so in the same direction. Where even that would not be detected, too few
    examples differ, and the result is the smallest ψ at which it would be.
    """
    z_alpha, z_power = _NORMAL.inv_cdf(1 - alpha / 2), _NORMAL.inv_cdf(power)

    def is_detected(delta: float, psi: float) -> bool:
        return math.sqrt(n) * delta >= z_alpha * math.sqrt(psi) + z_power * math.sqrt(max(psi - delta**2, 0.0))

    smallest_psi = _smallest(lambda psi: is_detected(psi, psi), 1.0)
    psi = max(differing / n, smallest_psi)
    return _smallest(lambda delta: is_detected(delta, psi), psi)


def _smallest(holds: Callable[[float], bool], most: float) -> float:
    """The smallest value up to `most` from which on the condition holds, by bisection; `most` if it never does."""
    low, high = 0.0, most
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def examples_to_detect(n: int, detectable: float, difference: float) -> int:
    """How many examples detect this difference, where n examples detect `detectable`: it shrinks with the square root of n. At least n.

    Raises:
        ValueError: the difference is not above 0.
    """
    if not difference > 0:
        raise ValueError(f"the difference to detect must be above 0, not {difference}")
    return max(n, math.ceil(n * (detectable / difference) ** 2)) if detectable > difference else n


def error_from_limits(low: float, high: float, alpha: float) -> float:
    """The standard error that belongs to two one-sided limits, each at level alpha: every method has limits, not every one has an SE."""
    return (high - low) / 2 / _NORMAL.inv_cdf(1 - alpha)


def examples_to_show(n: int, se: float, gap: float, *, alpha: float, power: float = POWER) -> int:
    """How many examples show with this power that a value is beyond a threshold, if it truly is by `gap`.

    Args:
        n: the number of examples.
        se: the standard error with n examples. With groups, more examples are assumed to come in groups of the same sizes.
        gap: above 0, in the unit of `se`.
        alpha: the level of the one-sided limit.
    """
    return math.ceil(n * ((_NORMAL.inv_cdf(1 - alpha) + _NORMAL.inv_cdf(power)) * se / gap) ** 2)


def more_examples_to_show(n: int, low: float, high: float, gap: float, *, alpha: float) -> int | None:
    """`examples_to_show` where n examples left the question open, with the standard error of one-sided limits at level alpha.

    None where the formula asks for no more than n: then these data speak against the assumed gap, and more of them would not show it. None
    also without a gap in the right direction.
    """
    if gap <= 0 or high <= low:
        return None
    needed = examples_to_show(n, error_from_limits(low, high, alpha), gap, alpha=alpha)
    return needed if needed > n else None


def examples_to_show_rate(ceiling: float, rate: float, *, alpha: float, power: float = POWER) -> int | None:
    """The smallest number of independent examples that show with this power that a rate is below a ceiling, if it truly is `rate`.

    Exact, with the upper Clopper–Pearson limit at level alpha: n examples with x errors show it if P(X ≤ x; n, ceiling) ≤ alpha. Without
    any errors it takes log(alpha)/log(1 − ceiling) examples. Since errors are whole numbers, a slightly larger n may have slightly less
    power. None where the rate is not below the ceiling.

    Raises:
        ValueError: the ceiling is not between 0 and 1, or the rate is below 0.
    """
    from scipy.stats import binom

    if not 0 < ceiling < 1 or rate < 0:
        raise ValueError(f"the ceiling must be between 0 and 1, and the rate at least 0, not {ceiling} and {rate}")
    if rate >= ceiling:
        return None

    def fewest(errors: int) -> int:
        """The smallest n of which so many errors show it."""
        low, high = errors, max(2 * errors, math.ceil(math.log(alpha) / math.log1p(-ceiling)))
        while binom.cdf(errors, high, ceiling) > alpha:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if binom.cdf(errors, middle, ceiling) > alpha else (low, middle)
        return high

    def is_enough(errors: int) -> bool:
        return bool(binom.cdf(errors, fewest(errors), rate) >= power)

    low, high = -1, 1
    while not is_enough(high - 1):
        low, high = high - 1, 2 * high
    high -= 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return fewest(high)


@dataclass(frozen=True)
class PowerAnalysis:
    """What so many independent units can show about a score, before there are data. Differences are in the unit of the score.

    Attributes:
        units: independent examples or groups.
        spread: σ, the standard deviation of a difference between two strategies from one unit to the next.
        margin: Δ.
        detectable: the difference that is detected with 80% power.
        power: the probability to show "not worse by more than Δ" of two strategies that are equally good.
        units_needed: the units at which that probability is 80%.
        smallest_margin: the smallest margin for which it is 80% with these units.
    """

    units: int
    spread: float
    margin: float
    detectable: float
    power: float
    units_needed: int
    smallest_margin: float

    @property
    def is_sufficient(self) -> bool:
        """Whether the units show "not worse by more than Δ" with 80% power, if the two are equally good."""
        return self.power >= POWER


def analyze_power(units: int, spread: float, margin: float) -> PowerAnalysis:
    """What a test set of so many independent units can show, with two-sided tests and one-sided limits at 5%.

    Where an earlier run on similar data exists, `spread` is read off its differences. Otherwise, for the mean of a bounded score, it is the
    largest that the scale allows (`largest_spread`): two strategies of which each is fully right where the other is fully wrong. Real pairs
    agree on most examples, so the true spread is far smaller.

    Raises:
        ValueError: an argument that is not above 0.
    """
    if units < 1 or not spread > 0 or not margin > 0:
        raise ValueError(f"units, spread and margin must be above 0, not {units}, {spread}, {margin}")
    se = spread / math.sqrt(units)
    one_sided, power = _NORMAL.inv_cdf(1 - _PLANNING_ALPHA), _NORMAL.inv_cdf(POWER)
    return PowerAnalysis(
        units=units,
        spread=spread,
        margin=margin,
        detectable=(_NORMAL.inv_cdf(1 - _PLANNING_ALPHA / 2) + power) * se,
        power=_NORMAL.cdf(margin / se - one_sided),
        units_needed=examples_to_show(1, spread, margin, alpha=_PLANNING_ALPHA),
        smallest_margin=(one_sided + power) * se,
    )


def effective_units(sizes: Sequence[int]) -> int:
    """How many independent examples carry as much information as groups of these sizes, if all examples of a group are the same:
    n²/Σn_g²."""
    return max(1, int(sum(sizes) ** 2 / sum(size**2 for size in sizes)))


def largest_spread(metric: Metric) -> float | None:
    """The largest σ that the scale of the score allows: its width.

    None for an unbounded scale and for corpus scores (macro-F1, BLEU, AUROC), where a rare class can move the score by more than its share
    of the examples.
    """
    if metric.unit not in BOUNDS or metric.level != "example":
        return None
    low, high = BOUNDS[metric.unit]
    return high - low
