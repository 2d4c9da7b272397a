"""How one-sided limits depend on the number of examples: with which probability will they show something?

A `Spread` describes how a score or difference varies from one example to the next. From it follows what the limits of any number of such
examples can show, with everything that moves them: small numbers, skewness, unseen failures, Hoeffding's bound.

| limits | spread | power |
| --- | --- | --- |
| t, Hall's, DeLong's and bootstrap limits, with unseen failures | `MeanSpread` | normal; if skewed, by rare failures (`skewed_power`) |
| of two 0/1 scores | `PairedSpread` | exact: over all tables, given the share of examples that differ |
| of one 0/1 score | `ProportionSpread` | exact, binomial |
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.intervals.mean_errors import MeanError
from harness.statistics.intervals.means import is_skewed, mean_limits
from harness.statistics.intervals.paired_proportions import paired_proportions_exceed
from harness.statistics.intervals.skewed_power import skewed_power
from harness.statistics.intervals.unseen import UnseenUnits

Array: TypeAlias = NDArray[np.float64]

_NORMAL = NormalDist()
_POINTS = 15  # at which the number of differing examples is averaged over


@dataclass(frozen=True)
class MeanSpread:
    """Of a mean, or of a score that behaves like one.

    Attributes:
        n: the examples that it describes. More examples are assumed to come in groups of the same sizes.
        error: of the mean of n examples.
        fixed_se: the part of the standard error that more examples do not reduce, that of training seeds.
        unseen: what failures that n examples do not show are counted in; None on an unbounded scale.
        ends: the values that complete failure would lead to, below and above; without `unseen` not used.
        bound: the half-width of Hoeffding's limits for n examples where alpha is 1/e; None where they do not apply.
    """

    n: int
    error: MeanError
    fixed_se: float = 0.0
    unseen: UnseenUnits | None = None
    ends: tuple[float, float] = (0.0, 0.0)
    bound: float | None = None

    @property
    def se(self) -> float:
        """The standard error with n examples."""
        return math.hypot(self.error.se, self.fixed_se)

    def at(self, examples: float) -> MeanError:
        """The error with another number of examples."""
        growth = examples / self.n
        df = self.error.df if self.fixed_se else max(1.0, (self.error.df + 1) * growth - 1)
        skewness = self.error.skewness / math.sqrt(growth) if is_skewed(self.error) else 0.0
        se = math.hypot(self.error.se / math.sqrt(growth), self.fixed_se)
        return replace(
            self.error,
            se=se,
            df=df,
            skewness=skewness,
            skewness_error=self.error.skewness_error / growth,
            kurtosis=self.error.kurtosis / growth,
        )

    def power(self, examples: float, *, threshold: float, assumed: float, alpha: float) -> float:
        """The probability that the lower limit at level alpha is above the threshold, if the true value is `assumed`.

        Where failures are counted within the rarest label, the number of its examples is a matter of chance, and averaged over.
        """
        growth = examples / self.n
        growths = [growth] if self.unseen is None else self.unseen.likely_growths(growth)
        return sum(self._power(examples, threshold, assumed, alpha, each) for each in growths) / len(growths)

    def _power(self, examples: float, threshold: float, assumed: float, alpha: float, growth: float) -> float:
        error = self.at(examples)
        fewest = self._fewest_for_unseen(growth, threshold, alpha)
        if error.se == 0:
            return float(assumed > fewest)
        bounded = math.inf if self.bound is None else threshold + self.bound * math.sqrt(self.n / examples * math.log(1 / alpha))
        if is_skewed(error):
            return skewed_power(error, threshold - assumed, fewest - assumed, bounded - assumed, alpha)
        below = threshold - mean_limits(0.0, error, alpha)[0]
        return _NORMAL.cdf((assumed - min(max(below, fewest), bounded)) / error.se)

    def fewest_for_unseen(self, examples: float, threshold: float, alpha: float) -> float:
        """The mean from which on unseen failures do not take it to the threshold."""
        return self._fewest_for_unseen(examples / self.n, threshold, alpha)

    def _fewest_for_unseen(self, growth: float, threshold: float, alpha: float) -> float:
        if self.unseen is None:
            return threshold
        share = self.unseen.effect(alpha, growth=growth)
        return (threshold - share * self.ends[0]) / (1 - share) if share < 1 else math.inf

    def reversed(self) -> MeanSpread:
        """Of the negative value."""
        return replace(self, error=replace(self.error, skewness=-self.error.skewness), ends=(-self.ends[1], -self.ends[0]))


@dataclass(frozen=True)
class PairedSpread:
    """Of the difference of two 0/1 scores of independent examples.

    Attributes:
        n: the examples that it describes.
        differing: on how many of them the two differ.
    """

    n: int
    differing: float

    @property
    def se(self) -> float:
        """The standard error with n examples if the two are equally good."""
        return math.sqrt(self.differing) / self.n

    def power(self, examples: float, *, threshold: float, assumed: float, alpha: float) -> float:
        """The probability that the lower limit at level alpha is above the threshold, if the true difference is `assumed`.

        Exact where few examples differ; otherwise their number is averaged over at the midpoints of equally likely classes.
        """
        from scipy.stats import binom

        n = max(1, round(examples))
        share = min(1.0, max(self.differing / self.n, abs(assumed)))
        if share == 0:
            return float(paired_proportions_exceed(np.zeros(1), np.zeros(1), n, threshold, alpha)[0])
        spread = math.sqrt(n * share * (1 - share))
        if spread > _POINTS / 6:
            differing = np.unique(binom.ppf((np.arange(_POINTS) + 0.5) / _POINTS, n, share))
            edges = np.concatenate([[-1.0], np.floor((differing[1:] + differing[:-1]) / 2), [float(n)]])
            weights = np.diff(np.concatenate([[0.0], binom.cdf(edges[1:], n, share)]))
        else:
            most = min(n, math.ceil(n * share + 8 * spread + 8))
            differing = np.arange(0.0, most + 1)
            weights = binom.pmf(differing, n, share)
        fewest = _fewest_gains(differing, n, threshold, alpha)
        return float(np.sum(weights * np.where(fewest > differing, 0.0, binom.sf(fewest - 1, differing, (1 + assumed / share) / 2))))

    def reversed(self) -> PairedSpread:
        """Of the negative difference: the same."""
        return self


def _fewest_gains(differing: Array, n: int, threshold: float, alpha: float) -> Array:
    """For each number of differing examples the fewest gains that show it; one more than there are if none do."""
    low, high = np.full(len(differing), -1.0), differing + 1  # `high` shows it, `low` does not
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        open_ = high - low > 1
        gains = np.clip(middle, 0, differing)
        shown = paired_proportions_exceed(gains, differing - gains, n, threshold, alpha)
        low, high = np.where(open_ & ~shown, middle, low), np.where(open_ & shown, middle, high)
    return high


@dataclass(frozen=True)
class ProportionSpread:
    """Of the share of examples with the score 1.

    Attributes:
        n: the examples that it describes.
        effective: how many independent examples carry the same information.
        is_negative: whether it describes the negative share.
    """

    n: int
    effective: float
    is_negative: bool = False

    @property
    def se(self) -> None:
        """A proportion has no standard error that does not depend on its value."""
        return None

    def power(self, examples: float, *, threshold: float, assumed: float, alpha: float) -> float:
        """The probability that the lower limit at level alpha is above the threshold, if the true value is `assumed`."""
        from scipy.stats import binom

        n = max(1, int(examples * self.effective / self.n))
        ceiling, rate = (-threshold, -assumed) if self.is_negative else (1 - threshold, 1 - assumed)
        most = int(binom.ppf(alpha, n, ceiling))
        most -= binom.cdf(most, n, ceiling) > alpha
        return float(binom.cdf(most, n, rate)) if most >= 0 else 0.0

    def reversed(self) -> ProportionSpread:
        """Of the negative value."""
        return replace(self, is_negative=not self.is_negative)


Spread: TypeAlias = MeanSpread | PairedSpread | ProportionSpread
