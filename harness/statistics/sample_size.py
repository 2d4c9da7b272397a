"""How large must a test set be, and what can one of a given size show? One function per question; every other place asks these.

| question | function | method |
| --- | --- | --- |
| How many examples decide a claim that these leave open? | `examples_to_decide` | `solve_examples`, with a stated assumption |
| How many examples show that a value is above a threshold? | `solve_examples` | solved for the limit of the claim itself |
| How many examples show that a rate is below a ceiling? | `examples_to_show_rate` | exact, with Clopper–Pearson limits |
| Which difference do so many examples detect? | `detectable_difference` | the two formulas below, and the limit |
| … of means? | `detectable_mean_difference` | (t(1 − α/2, df) + t(power, df)) · SE |
| … of proportions? | `detectable_proportion_difference` | δ with n δ² = (z(1 − α/2) √ψ + z(power) √(ψ − δ²))² |
| What does a planned test set show about a margin? | `analyze_power` | the above, before there are data |
| Which margin can it not show, whatever the scores? | `smallest_shown_loss` | the allowance for unseen failures |

"Detect" is a two-sided test of no difference at level α. "Show" is a one-sided limit at level α that lies beyond the threshold. The level
is that of the limit: 0.05 for "not worse", the joint level of a pair in the recommendation, α over the planned looks in the gate. A
`Spread` says with which probability the limits of any number of examples show something, with all that moves them: unseen failures,
skewness, few disagreements, Hoeffding's bound. It is taken as known. With few examples it is itself uncertain, and so is the answer. The
power is 80% throughout (`POWER`).

The formula for means is the usual approximation to the noncentral t; that for proportions, with ψ the share of examples on which the two
differ, is from Connor (1987, "Sample size for testing differences in proportions for the paired-sample design", Biometrics 43:207–211). On
an unbounded scale, `solve_examples` agrees with the formula for non-inferiority trials with normal data (Julious 2004, "Sample sizes for
clinical trials with normal data", Statistics in Medicine 23:1921–1986).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, TypeAlias

from harness.metrics import BOUNDS
from harness.statistics.distributions import t_quantile
from harness.statistics.intervals import MeanError, MeanSpread, OneSidedLimits, PairedSpread, ProportionSpread, Spread, UnseenUnits
from harness.types import Metric

Assumption: TypeAlias = Literal["equal", "observed"]
PairSpread: TypeAlias = MeanSpread | PairedSpread  # of a difference

POWER = 0.8
_MOST_EXAMPLES = 10**9
_NORMAL = NormalDist()


def detectable_mean_difference(se: float, df: float, *, alpha: float = 0.05, power: float = POWER) -> float:
    """The smallest difference of means, in the unit of `se`, that a two-sided test at level alpha detects with this power."""
    return (t_quantile(1 - alpha / 2, df) + t_quantile(power, df)) * se


def detectable_proportion_difference(differing: float, n: int, *, alpha: float = 0.05, power: float = POWER) -> float:
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


@dataclass(frozen=True)
class SampleSize:
    """How many test examples it takes, and what that assumes.

    Attributes:
        examples: the test examples, in groups of the same sizes where examples share groups.
        assumption: "equal": the two strategies are equally good; "observed": the true value is the one that these examples show.
        assumed: that true value, turned so that more is better.
        alpha: the level of the one-sided limit, after any division among looks or strategies.
        power: the probability that it is shown with so many examples, if the assumption holds.
        strategies: the number that are compared together, among which the level is divided.
    """

    examples: int
    assumption: Assumption
    assumed: float
    alpha: float
    power: float = POWER
    strategies: int = 2


def examples_to_decide(limits: OneSidedLimits, threshold: float, *, equal: float | None = None, strategies: int = 2) -> SampleSize | None:
    """How many examples show that a value is above a threshold, where these leave it open. The level is that of the limits.

    Two equally good strategies are assumed, unless these examples contradict that or should have been enough for it. Then the observed
    value is assumed. None where that is on the wrong side of the threshold, or where no number of examples is enough.

    Args:
        limits: turned so that more is better.
        equal: the value if the two strategies that are compared are equally good; None where no two are compared.
        strategies: the number that are compared together.
    """
    spread, observed = limits.spread, limits.estimate
    if spread is None or observed is None:
        return None
    if equal is not None and _is_compatible(limits, equal):
        needed = solve_examples(spread, threshold=threshold, assumed=equal, alpha=limits.alpha)
        if needed is not None and needed > limits.n:
            return SampleSize(needed, "equal", equal, limits.alpha, strategies=strategies)
    needed = solve_examples(spread, threshold=threshold, assumed=observed, alpha=limits.alpha)
    if needed is None:
        return None
    return SampleSize(max(needed, limits.n + 1), "observed", observed, limits.alpha, strategies=strategies)


def _is_compatible(limits: OneSidedLimits, value: float) -> bool:
    """Whether a true value lies within these limits, and within the 90% interval, and so within every interval that a report shows."""
    assert limits.estimate is not None and limits.low is not None and limits.high is not None and limits.spread is not None
    se = limits.spread.se
    near = se is None or abs(value - limits.estimate) <= _NORMAL.inv_cdf(0.95) * se
    return near and limits.low <= value <= limits.high


def solve_examples(spread: Spread, *, threshold: float, assumed: float, alpha: float, power: float = POWER) -> int | None:
    """The number of examples with which the lower limit at level alpha is above the threshold with this power, if the true value is
    `assumed`. None where no number is enough.

    The fewest, where few are needed; to within one in a thousand above 4,000.
    """
    if not assumed > threshold:
        return None
    if isinstance(spread, ProportionSpread):
        ceiling, rate = (-threshold, -assumed) if spread.is_negative else (1 - threshold, 1 - assumed)
        units = examples_to_show_rate(ceiling, max(rate, 0.0), alpha=alpha, power=power) if 0 < ceiling < 1 else None
        return math.ceil(units * spread.n / spread.effective) if units is not None else None

    def is_enough(examples: int) -> bool:
        return spread.power(examples, threshold=threshold, assumed=assumed, alpha=alpha) >= power

    low, high = 1, 2
    while not is_enough(high):
        low, high = high, 2 * high
        if high > _MOST_EXAMPLES:
            return None
    while high - low > max(1, high // 4000):
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def examples_to_show_rate(ceiling: float, rate: float, *, alpha: float, power: float = POWER) -> int | None:
    """The smallest number of independent examples that show with this power that a rate is below a ceiling, if it truly is `rate`.

    Exact, with the upper Clopper–Pearson limit at level alpha: n examples with x errors show it if P(X ≤ x; n, ceiling) ≤ alpha. Without
    any errors it takes log(alpha)/log(1 − ceiling) examples. Since errors are whole numbers, a slightly larger n may have slightly less
    power. None where the rate is not below the ceiling, or so close to it that no test set is large enough.

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
        if high > _MOST_EXAMPLES * ceiling:
            return None
    high -= 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return fewest(high)


@dataclass(frozen=True)
class PowerAnalysis:
    """What a planned test set can show about two strategies, before there are data. Differences are in the unit of the score.

    Attributes:
        examples: in the test set.
        margin: Δ.
        detectable: the difference that a two-sided test at 5% detects with 80% power.
        power: the probability to show "not worse by more than Δ" of two strategies that are equally good.
        sample_size: the examples at which that probability is 80%; None where no number is enough.
        smallest_margin: the smallest margin for which it is 80% with these examples; None where that exceeds `most`.
    """

    examples: int
    margin: float
    detectable: float
    power: float
    sample_size: SampleSize | None
    smallest_margin: float | None

    @property
    def is_sufficient(self) -> bool:
        """Whether the examples show "not worse by more than Δ" with 80% power, if the two are equally good."""
        return self.power >= POWER


def analyze_power(
    spread: PairSpread, examples: int, margin: float, *, alpha: float = 0.05, strategies: int = 2, most: float = math.inf
) -> PowerAnalysis:
    """What a test set of so many examples can show.

    Args:
        spread: of the difference between two strategies: that of an earlier run on similar data, or `worst_spread`.
        alpha: the level of the one-sided limit: the level of the claim, divided among planned looks and comparisons.
        strategies: the number that are compared together.
        most: the largest margin that makes sense, the width of the scale.

    Raises:
        ValueError: an argument that is not above 0.
    """
    if examples < 1 or not margin > 0:
        raise ValueError(f"examples and margin must be above 0, not {examples} and {margin}")

    def power_of(delta: float) -> float:
        return spread.power(examples, threshold=-delta, assumed=0.0, alpha=alpha)

    needed = solve_examples(spread, threshold=-margin, assumed=0.0, alpha=alpha)
    top = min(most, 1000 * spread.se * math.sqrt(spread.n) if spread.se else most)
    return PowerAnalysis(
        examples=examples,
        margin=margin,
        detectable=detectable_difference(spread, examples),
        power=power_of(margin),
        sample_size=SampleSize(needed, "equal", 0.0, alpha, strategies=strategies) if needed is not None else None,
        smallest_margin=_smallest(lambda delta: power_of(delta) >= POWER, top) if power_of(top) >= POWER else None,
    )


def detectable_difference(spread: PairSpread, examples: int, *, alpha: float = 0.05, power: float = POWER) -> float:
    """The smallest difference that so many examples show to be one with this power: by the two-sided test at level alpha, and by the
    one-sided limit at alpha, which allows for unseen failures."""
    if isinstance(spread, PairedSpread):
        return detectable_proportion_difference(spread.differing * examples / spread.n, examples, alpha=alpha, power=power)
    error = spread.at(examples)
    by_test = detectable_mean_difference(error.se, error.df, alpha=alpha, power=power)
    return max(by_test, spread.fewest_for_unseen(examples, 0.0, alpha) + _NORMAL.inv_cdf(power) * error.se)


def worst_spread(metric: Metric, sizes: Sequence[int]) -> PairSpread | None:
    """The largest spread that the scale of a score allows: each strategy fails exactly where the other is right.

    Real pairs agree on most examples, so the true spread is far smaller. None for an unbounded scale and for corpus scores (macro-F1,
    BLEU, AUROC), where a rare class can move the score by more than its share of the examples.

    Args:
        sizes: the number of examples of each group; examples of one group are taken to be the same.
    """
    if metric.unit not in BOUNDS or metric.level != "example":
        return None
    low, high = BOUNDS[metric.unit]
    n, units, width = sum(sizes), effective_units(sizes), high - low
    error = MeanError(width / math.sqrt(units), max(1.0, units - 1.0), 0.0, math.sqrt(6) / units, units < n)
    return MeanSpread(n, error, unseen=UnseenUnits((units,)), ends=(-width, width), bound=2 * width / math.sqrt(2 * units))


def smallest_shown_loss(metric: Metric, counts: Sequence[int], alpha: float, *, growth: float = 1.0) -> float:
    """The largest loss, of two strategies with equal scores on these examples, that failures which they did not show may still cause: no
    smaller margin can be tested, whatever the outputs are. Of a score with a scale.

    Args:
        counts: the independent examples; of a score that weighs labels equally, those of each label.
        growth: for so many times as many examples.
    """
    low, high = BOUNDS[metric.unit]
    return UnseenUnits(tuple(counts), metric.level == "rows").effect(alpha, growth) * (high - low)


def effective_units(sizes: Sequence[int]) -> int:
    """How many independent examples carry as much information as groups of these sizes, if all examples of a group are the same:
    n²/Σn_g²."""
    return max(1, int(sum(sizes) ** 2 / sum(size**2 for size in sizes)))
