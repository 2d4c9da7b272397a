"""The values that every method returns: two-sided intervals and one-sided limits, with the data they rest on and their reliability."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.statistics.intervals.spread import Spread


@dataclass(frozen=True)
class Interval:
    """A two-sided confidence interval.

    Attributes:
        low, high: None where no valid interval exists; `reason` says why.
        n: the number of examples.
        units: the number of independent units: examples, or groups where examples share them.
        method: how it was computed, in plain text.
        reliable: whether the data are within the range in which the method is known to hold.
        reason: why it is not reliable; empty if it is.
        se, df: standard error and degrees of freedom, where the method has them.
    """

    low: float | None
    high: float | None
    n: int
    units: int
    method: str
    reliable: bool
    reason: str = ""
    se: float | None = None
    df: float | None = None


@dataclass(frozen=True)
class OneSidedLimits:
    """Two one-sided confidence limits: the true value is above `low`, and below `high`, each with confidence 1 − alpha.

    `estimate` is the observed score or difference, and `spread` says what limits more examples would have; None where that is not known.
    All other fields are those of `Interval`.
    """

    estimate: float | None
    low: float | None
    high: float | None
    alpha: float
    n: int
    units: int
    method: str
    reliable: bool
    reason: str = ""
    se: float | None = None
    df: float | None = None
    spread: Spread | None = None

    def reversed(self) -> OneSidedLimits:
        """The limits of the negative value."""
        estimate, low, high = (None if value is None else -value for value in (self.estimate, self.high, self.low))
        return replace(self, estimate=estimate, low=low, high=high, spread=self.spread.reversed() if self.spread else None)


@dataclass(frozen=True)
class Basis:
    """What an interval rests on: the examples, the independent units, the method, and why it is not reliable (empty if it is)."""

    n: int
    units: int
    method: str
    reason: str = ""

    @property
    def reliable(self) -> bool:
        """Whether the data are within the range in which the method is known to hold."""
        return not self.reason

    def require(self, condition: bool, reason: str) -> Basis:
        """Not reliable for this reason, unless the condition holds. An earlier reason stays."""
        return self if condition or self.reason else replace(self, reason=reason)

    def interval(self, low: float | None, high: float | None, *, se: float | None = None, df: float | None = None) -> Interval:
        """The two-sided interval with these limits."""
        return Interval(low, high, self.n, self.units, self.method, self.reliable, self.reason, se, df)

    def limits(
        self,
        estimate: float | None,
        low: float | None,
        high: float | None,
        alpha: float,
        *,
        se: float | None = None,
        df: float | None = None,
        spread: Spread | None = None,
    ) -> OneSidedLimits:
        """The one-sided limits, each at level alpha."""
        return OneSidedLimits(estimate, low, high, alpha, self.n, self.units, self.method, self.reliable, self.reason, se, df, spread)


def no_interval(n: int, units: int, reason: str) -> Interval:
    """An interval without limits, for this reason."""
    return Basis(n, units, "no interval", reason).interval(None, None)


def too_few_units(n: int, units: int) -> str:
    """Why fewer than two independent units have no interval."""
    if n > 1 and units == 1:
        return f"all {n} examples are in one group"
    return "no examples" if n == 0 else "only one example"
