"""Is a value above a threshold? The decision is read from one-sided limits, never from the observed value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from harness.statistics.intervals import OneSidedLimits
from harness.statistics.sample_size import SampleSize, examples_to_decide

Outcome: TypeAlias = Literal["PASS", "FAIL", "INCONCLUSIVE"]
ClaimStatus: TypeAlias = Literal["shown", "refuted", "undecided", "unreliable", "no_limits"]

_OUTCOMES: Mapping[ClaimStatus, Outcome] = {"shown": "PASS", "refuted": "FAIL"}


@dataclass(frozen=True)
class ClaimCheck:
    """Whether a value is above a threshold.

    Attributes:
        status: "shown" if the lower limit is above it, "refuted" if the upper one is below it, "undecided" if neither. "unreliable" if it
            would be shown, but only by limits that are not reliable; "no_limits" if there are none.
        limits, threshold, equal: what was checked, see `check_above`.
    """

    status: ClaimStatus
    limits: OneSidedLimits
    threshold: float
    equal: float | None = None

    @cached_property
    def sample_size(self) -> SampleSize | None:
        """For "undecided": how many examples like these would show it, see `examples_to_decide`. Computed when it is asked for."""
        return examples_to_decide(self.limits, self.threshold, equal=self.equal) if self.status == "undecided" else None

    @property
    def outcome(self) -> Outcome:
        """PASS if shown, FAIL if refuted, else INCONCLUSIVE."""
        return _OUTCOMES.get(self.status, "INCONCLUSIVE")


def orient(limits: OneSidedLimits, *, higher_is_better: bool) -> OneSidedLimits:
    """The limits turned so that more is better: with signs changed where lower is better."""
    return limits if higher_is_better else limits.reversed()


def check_above(limits: OneSidedLimits, threshold: float, *, equal: float | None = None) -> ClaimCheck:
    """Check the claim that the value is above the threshold.

    Args:
        limits: turned so that more is better, see `orient`.
        equal: the value that it has if the two strategies that it compares are equally good, in the direction of the limits; None where
            it does not compare two.
    """
    status: ClaimStatus = "undecided"
    if limits.estimate is None or limits.low is None or limits.high is None:
        status = "no_limits"
    elif limits.low > threshold:
        status = "shown" if limits.reliable else "unreliable"
    elif limits.high < threshold:
        status = "refuted"
    return ClaimCheck(status, limits, threshold, equal)
