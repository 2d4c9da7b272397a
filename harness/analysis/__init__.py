"""Stored rows in, scores with intervals and comparisons out. Pure functions: no files, no clock, every seed is an argument."""

from harness.analysis.intervals import (
    Interval,
    bootstrap_interval,
    clopper_pearson_interval,
    clopper_pearson_upper,
    mean_interval,
    wilson_interval,
)
from harness.analysis.learning_curve import Fit, Forecast, LearningCurve, Step, learning_curve
from harness.analysis.pairs import Comparison, compare_scores
from harness.analysis.proportions import mcnemar_midp, tango_interval
from harness.analysis.ratios import Reduction, relative_reduction
from harness.analysis.rows import per_example_scores, statistic_rows, statistic_stack
from harness.analysis.scores import score_rows, stack_scores, strategy_scores

__all__ = [
    "Comparison",
    "Fit",
    "Forecast",
    "Interval",
    "LearningCurve",
    "Reduction",
    "Step",
    "bootstrap_interval",
    "clopper_pearson_interval",
    "clopper_pearson_upper",
    "compare_scores",
    "learning_curve",
    "mcnemar_midp",
    "mean_interval",
    "per_example_scores",
    "relative_reduction",
    "score_rows",
    "stack_scores",
    "statistic_rows",
    "statistic_stack",
    "strategy_scores",
    "tango_interval",
    "wilson_interval",
]
