"""What a search does next, from what its trials have measured so far: values to try, and trials to continue. Nothing is run here.

The same measurements lead to the same decisions, so an interrupted search is repeated from its finished trials.
"""

from harness.grid.search.halving import (
    SHARES,
    afford_trials,
    cost_of_trials,
    count_survivors,
    estimate_cost,
    most_states,
    wave_sizes,
)
from harness.grid.search.proposals import propose
from harness.grid.search.space import Dimension, build_space, check_space, own_values, set_values

__all__ = [
    "SHARES",
    "Dimension",
    "afford_trials",
    "build_space",
    "check_space",
    "cost_of_trials",
    "count_survivors",
    "estimate_cost",
    "most_states",
    "own_values",
    "propose",
    "set_values",
    "wave_sizes",
]
