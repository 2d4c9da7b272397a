"""How much a model remembers of canaries: exposure, and the share that it writes out.

The exposure of a canary that has rank r among |R| candidates of its format is log2 |R| − log2 r, in bits (Carlini, Liu, Erlingsson, Kos &
Song 2019, "The Secret Sharer", USENIX Security, definition 4). It is 0 for the least likely, and log2 |R| for the most likely: a canary at
that end may be remembered even better, so its exposure is censored there.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

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
