"""How many ratings show a mean to differ from a value, alone and with the help of a score, and which sample needs the fewest of them?

With a score that explains the share r² of the variance σ² of the ratings, n of N examples rated at random, the mean of `assisted_mean` has

    Var = σ² ((1 − r²) (1 + 1/n)/n + r²/N)

(Cochran 1977, "Sampling Techniques", section 12.6; 1 + 1/n is what the fitted slope costs). It is shown to differ from the value by a
two-sided test at 5% with 80% power where the difference is at least (t(1 − α/2) + t(power)) √Var, with n − 1 degrees of freedom.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.assisted.assisted_mean import FEWEST_RATINGS, correct_ratings
from harness.statistics.examples import Groups, cluster_index
from harness.statistics.sample_size import detectable_mean_difference

Array: TypeAlias = NDArray[np.float64]

_FEWEST_ALONE = 10  # fewer do not show what a mean of ratings is, however clear


def ratings_needed(difference: float, spread: float, examples: int, *, explained: float = 0.0) -> int | None:
    """The fewest rated examples that show the difference; None where rating all of them would not.

    Args:
        difference: from the value, in the unit of the ratings, above 0.
        spread: σ, the standard deviation of the ratings of single examples.
        examples: N.
        explained: r², 0–1; 0 for the ratings alone.
    """
    fewest = FEWEST_RATINGS if explained else _FEWEST_ALONE

    def is_shown(n: int) -> bool:
        variance = spread**2 * ((1 - explained) * (1 + 1 / n if explained else 1) / n + explained / examples)
        return detectable_mean_difference(math.sqrt(variance), n - 1) <= difference

    if examples < fewest or not is_shown(examples):
        return None
    low, high = fewest - 1, examples
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_shown(middle) else (middle, high)
    return high


def favoured_sample_factor(
    ratings: Array, rated: NDArray[np.int64], scores: Array, probabilities: Array, groups: Groups, planned: Array
) -> float:
    """How many times as many ratings a sample with other probabilities needs as a random one, judged by these ratings.

    The variance of the mean is in proportion to Σ w² r² over a sample, with w = 1/probability and r what the score leaves of the ratings
    (Särndal, Swensson & Wretman 1992, section 12.2): below 1 where the ratings vary most among the examples that are favoured.

    Args:
        ratings, rated, scores, probabilities, groups: as for `assisted_mean`.
        planned: the probabilities of all N examples in the planned sample, (N,).
    """
    weights = 1 / probabilities
    cluster = cluster_index([groups[i] for i in rated], len(rated))
    corrected, _, _ = correct_ratings(ratings, rated, scores, weights / weights.sum(), cluster)
    squares = weights * (corrected - np.average(corrected, weights=weights)) ** 2
    if not squares.sum() > 0:
        return float(np.mean(planned) * np.mean(1 / planned))
    return float(np.mean(planned) * np.sum(squares / planned[rated]) / squares.sum())
