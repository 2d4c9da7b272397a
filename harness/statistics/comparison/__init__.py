"""Is B better than A, by how much, and would other training seeds change that?"""

from harness.statistics.comparison.all_pairs import adjust_p_values, compare_all_pairs
from harness.statistics.comparison.pair import SAME, Pair, as_stack, make_pair
from harness.statistics.comparison.pair_limits import LimitsAt, guard_limits, pair_limits
from harness.statistics.comparison.pairwise import Comparison, PairVerdict, compare_scores
from harness.statistics.comparison.ratios import Improvement, KeptGain, Reduction, kept_gain, relative_improvement, relative_reduction
from harness.statistics.comparison.seed_spread import SeedSpread, seed_spread

__all__ = [
    "SAME",
    "Comparison",
    "Improvement",
    "KeptGain",
    "LimitsAt",
    "Pair",
    "PairVerdict",
    "Reduction",
    "SeedSpread",
    "adjust_p_values",
    "as_stack",
    "compare_all_pairs",
    "compare_scores",
    "guard_limits",
    "kept_gain",
    "make_pair",
    "pair_limits",
    "relative_improvement",
    "relative_reduction",
    "seed_spread",
]
