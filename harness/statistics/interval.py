"""What an interval says, and how far it can be trusted: the values that every method here returns."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Interval:
    """A two-sided confidence interval.

    Attributes:
        low, high: None where no valid interval exists; `reason` says why.
        n: examples.
        units: independent examples, or groups of examples where groups repeat.
        method: how it was computed, in plain text.
        reliable: whether the data are within the range in which the method is known to hold.
        reason: why it is not reliable; empty where it is.
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

    `estimate` is the observed score or difference. The other fields are those of `Interval`.
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


@dataclass(frozen=True)
class Basis:
    """What an interval rests on: how many examples and independent units, which method, and why it may not be reliable (else empty)."""

    n: int
    units: int
    method: str
    reason: str = ""

    @property
    def reliable(self) -> bool:
        """Whether nothing speaks against the method."""
        return not self.reason

    def unless(self, condition: bool, reason: str) -> Basis:
        """Unreliable for this reason, unless the condition holds. The first reason stays."""
        return self if condition or self.reason else replace(self, reason=reason)

    def interval(self, low: float | None, high: float | None, *, se: float | None = None, df: float | None = None) -> Interval:
        """The interval with these limits."""
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
    ) -> OneSidedLimits:
        """The one-sided limits at level alpha."""
        return OneSidedLimits(estimate, low, high, alpha, self.n, self.units, self.method, self.reliable, self.reason, se, df)


def no_interval(n: int, units: int, reason: str) -> Interval:
    """No valid interval exists, for this reason."""
    return Basis(n, units, "no interval", reason).interval(None, None)


def too_few_units(n: int, units: int) -> str:
    """Why fewer than two independent units have no interval."""
    if n > 1 and units == 1:
        return f"all {n} examples are in one group"
    return "no examples" if n == 0 else "only one example"
