"""How much a model remembers: the exposure of canaries, and what it repeats of its training examples beyond its skill.

The exposure of a canary that has rank r among |R| candidates of its format is log2 |R| − log2 r, in bits (Carlini, Liu, Erlingsson, Kos &
Song 2019, "The Secret Sharer", USENIX Security, definition 4). It is 0 for the least likely, and log2 |R| for the most likely: a canary at
that end may be remembered even better, so its exposure is censored there.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.intervals import mean_interval, mean_of_independent
from harness.types import Score

Array: TypeAlias = NDArray[np.float64]


def exposure(rank: float, candidates: int) -> float:
    """The exposure in bits.

    Args:
        rank: 1 for the most likely of the candidates.

    Raises:
        ValueError: the rank is not within 1…candidates.
    """
    if not 1 <= rank <= candidates:
        raise ValueError(f"rank {rank} among {candidates} candidates")
    return math.log2(candidates) - math.log2(rank)


def highest_exposure(candidates: int) -> float:
    """The exposure of a canary that is the most likely of the candidates: the highest that they can show, in bits."""
    return exposure(1, candidates)


def chance_exposure(candidates: int) -> float:
    """The mean exposure of canaries that a model has never seen, in bits: their ranks are uniform. It is close to log2 e = 1.44."""
    return float(math.log2(candidates) - np.mean(np.log2(np.arange(1, candidates + 1))))


def is_censored(exposures: Array, candidates: Array) -> NDArray[np.bool_]:
    """Which exposures are the highest that can be measured, so that the true ones may be higher.

    Args:
        exposures, candidates: of equal shape.
    """
    return np.isclose(exposures, np.log2(candidates))


def difference_of_gains(training: Array, held_out: Array) -> Score:
    """The mean gain on training examples less that on held-out examples, with its 95% interval.

    A model that is better at the task gains on both; memory gains on training examples alone. The two samples are independent,
    so the limits of their means are combined as `mean_of_independent` says.

    Args:
        training, held_out: (n,), (m,): by how much the tuned model exceeds the untuned one.
    """
    n, method = len(training) + len(held_out), "difference of two independent means"
    if not len(training) or not len(held_out):
        return Score(None, None, None, n, "no interval", reliable=False, reason="no examples")
    value = float(training.mean() - held_out.mean())
    first, second = mean_interval(training), mean_interval(held_out)
    reason = first.reason or second.reason
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return Score(value, None, None, n, "no interval", reliable=False, reason=reason)
    means, lows, highs = [float(training.mean()), -float(held_out.mean())], [first.low, -second.high], [first.high, -second.low]
    _, low, high = mean_of_independent(means, lows, highs)
    return Score(value, 2 * low, 2 * high, n, method, reliable=first.reliable and second.reliable, reason=reason)
