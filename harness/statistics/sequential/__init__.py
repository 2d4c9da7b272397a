"""What may be concluded while data still arrive: limits that hold at every look, not only at one that was planned."""

from harness.statistics.sequential.duration import (
    chance_to_show,
    difference_variance,
    effect_to_show,
    unit_spread,
    units_to_show,
)
from harness.statistics.sequential.outcome_bets import DifferenceLimits, difference_limits, largest_stake
from harness.statistics.sequential.sample_ratio import SAMPLE_RATIO_ALPHA, sample_ratio_evidence

__all__ = [
    "SAMPLE_RATIO_ALPHA",
    "DifferenceLimits",
    "chance_to_show",
    "difference_limits",
    "difference_variance",
    "effect_to_show",
    "largest_stake",
    "sample_ratio_evidence",
    "unit_spread",
    "units_to_show",
]
