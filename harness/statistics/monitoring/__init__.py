"""Has the data changed since the model was tested? Tests that may be looked at every day, with one chance of a false alarm for all."""

from harness.statistics.monitoring.alarms import find_alarms, look_share
from harness.statistics.monitoring.bets import BETS
from harness.statistics.monitoring.drift_test import DriftTest, TestedDay, thin_days
from harness.statistics.monitoring.rank_bag import LEVELS, count_levels, to_levels
from harness.statistics.monitoring.separation import LEAST_SEPARATED, SampleSeparation, measure_separation
from harness.statistics.monitoring.two_means import compare_shares, difference_of_means

__all__ = [
    "BETS",
    "LEAST_SEPARATED",
    "LEVELS",
    "DriftTest",
    "SampleSeparation",
    "TestedDay",
    "compare_shares",
    "count_levels",
    "difference_of_means",
    "find_alarms",
    "look_share",
    "measure_separation",
    "thin_days",
    "to_levels",
]
