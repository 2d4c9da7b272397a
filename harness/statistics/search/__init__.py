"""What do the trials of a search show? Which strategies cannot win, and which values are as good as the best."""

from harness.statistics.search.racing import FEWEST_RACE_EXAMPLES, RaceLoss, race
from harness.statistics.search.trial_losses import compare_losses, loss_interval, loss_limits
from harness.statistics.search.tried_values import NEAR_BEST, is_near_end, is_outermost, share_of_range

__all__ = [
    "FEWEST_RACE_EXAMPLES",
    "NEAR_BEST",
    "RaceLoss",
    "compare_losses",
    "is_near_end",
    "is_outermost",
    "loss_interval",
    "loss_limits",
    "race",
    "share_of_range",
]
