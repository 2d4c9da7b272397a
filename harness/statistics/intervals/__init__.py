"""How certain is a number? Intervals and limits of means, proportions and corpus scores.

Every function states for which data it is valid. Outside that range it still answers where it can, and the result is not `reliable`.
"""

from harness.statistics.intervals.bootstrap import (
    bootstrap_basis,
    bootstrap_interval,
    corrected_basis,
    corrected_limits,
    effective_examples,
    influence_error,
    leave_one_out,
    percentile_interval,
)
from harness.statistics.intervals.combined import difference_of_independent, mean_of_independent
from harness.statistics.intervals.corpus import corrected_interval
from harness.statistics.intervals.interval import Basis, Interval, OneSidedLimits, no_interval, too_few_units
from harness.statistics.intervals.mean_errors import MeanError, mean_error
from harness.statistics.intervals.means import mean_basis, mean_interval, mean_limits, mean_p_value
from harness.statistics.intervals.paired_proportions import (
    mcnemar_midp,
    paired_proportion_limits,
    paired_proportions_exceed,
    tango_interval,
)
from harness.statistics.intervals.preference_shares import preference_share
from harness.statistics.intervals.proportions import (
    allow_for_unseen,
    clopper_pearson_interval,
    clopper_pearson_upper,
    proportion_interval,
    share_limits,
    unseen_share,
)
from harness.statistics.intervals.quantiles import quantile, quantile_interval
from harness.statistics.intervals.rank_scores import logit_limits, mean_influences, rank_basis, rank_error, rank_interval
from harness.statistics.intervals.scores import compute_scores, score_stacks, score_strategy
from harness.statistics.intervals.spread import MeanSpread, PairedSpread, ProportionSpread, Spread
from harness.statistics.intervals.total import score_of_total
from harness.statistics.intervals.unseen import UnseenUnits, hoeffding_half_width, hoeffding_p_value, unseen_units
from harness.statistics.intervals.weighted import weighted_difference, weighted_mean, weighted_share

__all__ = [
    "Basis",
    "Interval",
    "MeanError",
    "MeanSpread",
    "OneSidedLimits",
    "PairedSpread",
    "ProportionSpread",
    "Spread",
    "UnseenUnits",
    "allow_for_unseen",
    "bootstrap_basis",
    "bootstrap_interval",
    "clopper_pearson_interval",
    "clopper_pearson_upper",
    "compute_scores",
    "corrected_basis",
    "corrected_interval",
    "corrected_limits",
    "difference_of_independent",
    "effective_examples",
    "hoeffding_half_width",
    "hoeffding_p_value",
    "influence_error",
    "leave_one_out",
    "logit_limits",
    "mcnemar_midp",
    "mean_basis",
    "mean_error",
    "mean_influences",
    "mean_interval",
    "mean_limits",
    "mean_of_independent",
    "mean_p_value",
    "no_interval",
    "paired_proportion_limits",
    "paired_proportions_exceed",
    "percentile_interval",
    "preference_share",
    "proportion_interval",
    "quantile",
    "quantile_interval",
    "rank_basis",
    "rank_error",
    "rank_interval",
    "score_of_total",
    "score_stacks",
    "score_strategy",
    "share_limits",
    "tango_interval",
    "too_few_units",
    "unseen_share",
    "unseen_units",
    "weighted_difference",
    "weighted_mean",
    "weighted_share",
]
