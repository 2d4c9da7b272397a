"""What do the trials of a search show? Which strategies cannot win, and which values are as good as the best."""

from harness.statistics.search.racing import FEWEST_RACE_EXAMPLES, RaceLoss, race
from harness.statistics.search.trial_losses import compare_losses, loss_interval, loss_limits

__all__ = ["FEWEST_RACE_EXAMPLES", "RaceLoss", "compare_losses", "loss_interval", "loss_limits", "race"]
