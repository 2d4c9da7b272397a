"""Stored rows in, scores with intervals and comparisons out. Pure functions: no files, no clock, every seed is an argument."""

from harness.analysis.intervals import (
    Interval,
    bootstrap_interval,
    clopper_pearson_interval,
    clopper_pearson_upper,
    mean_interval,
    wilson_interval,
)
from harness.analysis.pairs import Comparison, compare_scores
from harness.analysis.proportions import mcnemar_midp, tango_interval
from harness.analysis.rows import per_example_scores, statistic_rows, statistic_stack
from harness.analysis.scores import score_rows, strategy_scores

__all__ = [
    "Comparison",
    "Interval",
    "bootstrap_interval",
    "clopper_pearson_interval",
    "clopper_pearson_upper",
    "compare_scores",
    "mcnemar_midp",
    "mean_interval",
    "per_example_scores",
    "score_rows",
    "statistic_rows",
    "statistic_stack",
    "strategy_scores",
    "tango_interval",
    "wilson_interval",
]
