"""Stored rows in, scores with intervals and comparisons out. Pure functions: no files, no clock, every seed is an argument."""

from harness.analysis.all_pairs import compare_all, false_discovery
from harness.analysis.combined import mean_of_independent
from harness.analysis.intervals import (
    Interval,
    bootstrap_interval,
    clopper_pearson_interval,
    clopper_pearson_upper,
    mean_interval,
    wilson_interval,
)
from harness.analysis.learning_curve import Fit, Forecast, LearningCurve, Step, learning_curve
from harness.analysis.noninferiority import NotWorse, not_worse
from harness.analysis.one_sided import OneSided, one_sided_limits
from harness.analysis.pairs import Comparison, compare_scores
from harness.analysis.planning import Outlook, independent_units, largest_spread, outlook
from harness.analysis.power import detectable_mean, detectable_share, needed_rows
from harness.analysis.proportions import mcnemar_midp, tango_interval
from harness.analysis.ratios import Kept, Reduction, kept_quality, relative_reduction
from harness.analysis.recommendation import Candidate, Recommendation, Standing, recommend
from harness.analysis.resampling import seen_scores
from harness.analysis.rows import per_example_scores, statistic_rows, statistic_stack, stored_stack
from harness.analysis.score_limits import score_limits
from harness.analysis.scores import score_rows, stack_scores, strategy_scores
from harness.analysis.seeds import SeedSpread, seed_spread
from harness.analysis.weighted import weighted_mean, weighted_share

__all__ = [
    "Candidate",
    "Comparison",
    "Fit",
    "Forecast",
    "Interval",
    "Kept",
    "LearningCurve",
    "NotWorse",
    "OneSided",
    "Outlook",
    "Recommendation",
    "Reduction",
    "SeedSpread",
    "Standing",
    "Step",
    "bootstrap_interval",
    "clopper_pearson_interval",
    "clopper_pearson_upper",
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
    "weighted_mean",
    "weighted_share",
    "wilson_interval",
]
