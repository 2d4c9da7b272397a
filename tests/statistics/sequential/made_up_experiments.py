"""Made-up experiments: random assignment, and outcomes of which the truth is known."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from harness.statistics.sequential.outcome_bets import _bets, _log_capital


def first_shown(
    x: NDArray[np.float64], is_challenger: NDArray[np.bool_], *, share: float, above: float, effect: float, alpha: float
) -> NDArray[np.int64]:
    """After how many units the difference is shown to exceed `above`; 0 where it is not.

    Args:
        x: outcomes from 0 to 1, one simulated experiment per row, (R, n).
        is_challenger: (R, n).
        alpha: of this one-sided claim.
    """
    terms, stakes = _bets(x, is_challenger, share, effect)
    shown = _log_capital(terms, stakes, above) >= -math.log(alpha)
    return np.where(shown.any(axis=-1), shown.argmax(axis=-1) + 1, 0)


def assign(generator: np.random.Generator, experiments: int, units: int, share: float) -> NDArray[np.bool_]:
    return generator.random((experiments, units)) < share


def answers(generator: np.random.Generator, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """One answer per unit, accepted with these rates."""
    return (generator.random(rates.shape) < rates).astype(np.float64)


def heavy_users(generator: np.random.Generator, shape: tuple[int, int], *, heavy_first: bool = False) -> NDArray[np.float64]:
    """Mean outcomes of users. A tenth are heavy users with 200 answers, who accept 40%; the others have 1–3 answers and accept 75% on
    average, each at a rate of their own.

    Args:
        heavy_first: heavy users come at the start, so that the expected outcome changes over time.
    """
    heavy = generator.random(shape) < 0.1
    if heavy_first:
        heavy = np.broadcast_to(np.arange(shape[1]) < shape[1] / 10, shape)
    counts = np.where(heavy, 200, generator.integers(1, 4, shape))
    rates = np.where(heavy, generator.beta(4, 6, shape), generator.beta(6, 2, shape))
    return generator.binomial(counts, rates) / counts


def wrong_claims(x: NDArray[np.float64], is_challenger: NDArray[np.bool_], share: float, effect: float, alpha: float = 0.05) -> float:
    """The share of experiments that ever show a difference, in either direction, where there is none."""
    up = first_shown(x, is_challenger, share=share, above=0.0, effect=effect, alpha=alpha / 2)
    down = first_shown(x, ~is_challenger, share=1 - share, above=0.0, effect=effect, alpha=alpha / 2)
    return float(((up > 0) | (down > 0)).mean())
