"""Stored rows in, scores with intervals and comparisons out. Pure functions: no files, no clock, every seed is an argument."""

from harness.statistics.all_pairs import compare_all, false_discovery
from harness.statistics.clusters import cluster_index
from harness.statistics.combined import mean_of_independent
from harness.statistics.interval import Basis, Interval, OneSidedLimits
from harness.statistics.intervals import (
    bootstrap_interval,
    clopper_pearson_interval,
    clopper_pearson_upper,
    mean_interval,
    units,
    unseen_room,
    wilson_interval,
)
from harness.statistics.learning_curve import FAR, TARGETS, Fit, Forecast, GainOutlook, LearningCurve, Step, learning_curve
from harness.statistics.noninferiority import NotWorse, not_worse
from harness.statistics.one_sided import one_sided_limits
from harness.statistics.pairs import Comparison, PairVerdict, compare_scores
from harness.statistics.planning import Outlook, independent_units, largest_spread, outlook
from harness.statistics.power import POWER, detectable_mean, detectable_share, needed_rows
from harness.statistics.proportions import mcnemar_midp, tango_interval
from harness.statistics.ratios import Kept, Reduction, kept_quality, relative_reduction
from harness.statistics.recommendation import Candidate, Recommendation, Standing, recommend
from harness.statistics.resampling import seen_scores
from harness.statistics.score_limits import score_limits
from harness.statistics.scores import score_rows, stack_scores, strategy_scores
from harness.statistics.seeds import SeedSpread, seed_spread
from harness.statistics.statistic_rows import per_example_scores, statistic_rows, statistic_stack, stored_stack, whole_rows
from harness.statistics.weighted import weighted_mean, weighted_share

__all__ = [
    "FAR",
    "POWER",
    "TARGETS",
    "Basis",
    "Candidate",
    "Comparison",
    "Fit",
    "Forecast",
    "GainOutlook",
    "Interval",
    "Kept",
    "LearningCurve",
    "NotWorse",
    "OneSidedLimits",
    "Outlook",
    "PairVerdict",
    "Recommendation",
    "Reduction",
    "SeedSpread",
    "Standing",
    "Step",
    "bootstrap_interval",
    "clopper_pearson_interval",
    "clopper_pearson_upper",
    "cluster_index",
    "compare_all",
    "compare_scores",
    "detectable_mean",
    "detectable_share",
    "false_discovery",
    "independent_units",
    "kept_quality",
    "largest_spread",
    "learning_curve",
    "mcnemar_midp",
    "mean_interval",
    "mean_of_independent",
    "needed_rows",
    "not_worse",
    "one_sided_limits",
    "outlook",
    "per_example_scores",
    "recommend",
    "relative_reduction",
    "score_limits",
    "score_rows",
    "seed_spread",
    "seen_scores",
    "stack_scores",
    "statistic_rows",
    "statistic_stack",
    "stored_stack",
    "strategy_scores",
    "tango_interval",
    "units",
    "unseen_room",
    "weighted_mean",
    "weighted_share",
    "whole_rows",
    "wilson_interval",
]
