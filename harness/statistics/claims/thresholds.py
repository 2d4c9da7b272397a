"""Is a value above a threshold? The decision is read from one-sided limits, never from the observed value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from harness.statistics.intervals import OneSidedLimits
from harness.statistics.sample_size import more_examples_to_show

Outcome: TypeAlias = Literal["PASS", "FAIL", "INCONCLUSIVE"]
ClaimStatus: TypeAlias = Literal["shown", "refuted", "undecided", "unreliable", "no_limits"]

_OUTCOMES: Mapping[ClaimStatus, Outcome] = {"shown": "PASS", "refuted": "FAIL"}


@dataclass(frozen=True)
class ClaimCheck:
    """Whether a value is above a threshold.

    Attributes:
        status: "shown" if the lower limit is above it, "refuted" if the upper one is below it, "undecided" if neither. "unreliable" if it
            would be shown, but only by limits that are not reliable; "no_limits" if there are none.
        examples_needed: for "undecided": how many examples like these would show it with 80% power, if the true value were beyond the
            threshold by the assumed gap; None where more examples would not help (see `more_examples_to_show`).
    """

    status: ClaimStatus
    examples_needed: int | None = None

    @property
    def outcome(self) -> Outcome:
        """PASS if shown, FAIL if refuted, else INCONCLUSIVE."""
        return _OUTCOMES.get(self.status, "INCONCLUSIVE")


def orient(limits: OneSidedLimits, *, higher_is_better: bool) -> OneSidedLimits:
    """The limits turned so that more is better: with signs changed where lower is better."""
    if higher_is_better:
        return limits
    estimate, low, high = (None if value is None else -value for value in (limits.estimate, limits.high, limits.low))
    return replace(limits, estimate=estimate, low=low, high=high)


def check_above(limits: OneSidedLimits, threshold: float, *, gap: float | None = None) -> ClaimCheck:
    """Check the claim that the value is above the threshold.

    Args:
        limits: turned so that more is better, see `orient`.
        gap: by how much the true value is assumed to be above the threshold when counting the examples needed; None: as observed.
    """
    if limits.estimate is None or limits.low is None or limits.high is None:
        return ClaimCheck("no_limits")
    if limits.low > threshold:
        return ClaimCheck("shown" if limits.reliable else "unreliable")
    if limits.high < threshold:
        return ClaimCheck("refuted")
    assumed = limits.estimate - threshold if gap is None else gap
    return ClaimCheck("undecided", more_examples_to_show(limits.n, limits.low, limits.high, assumed, alpha=limits.alpha))
