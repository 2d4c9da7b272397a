"""Simulated years of a monitor: values of days, and when a test for drift sounds its alarm."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness.statistics import DriftTest, count_levels, to_levels

Draw = Callable[[np.random.Generator, int], "np.ndarray"]


def normal(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.standard_normal(n)


def skewed(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.lognormal(0, 1, n) - 6


def rare(rng: np.random.Generator, n: int) -> np.ndarray:
    """An event in 2% of the examples."""
    return (rng.random(n) < 0.02).astype(float)


def patients(rng: np.random.Generator, n: int) -> np.ndarray:
    """One visit of each patient, whose visits are alike: what is left of a day if one row of each group counts."""
    visits = rng.standard_normal(n)[:, None] + 0.3 * rng.standard_normal((n, 5))
    return visits[np.arange(n), rng.integers(5, size=n)]


def levels(values: np.ndarray) -> np.ndarray:
    return to_levels(values, -6.0, 6.0)


def find_alarm(
    rng: np.random.Generator, draw: Draw, *, reference: int, per_day: int, days: int, alpha: float, shift: float = 0.0, begins: int = 0
) -> int | None:
    """The day of the alarm; None if there is none.

    Args:
        reference: how many values the reference has.
        shift: added to the values from day `begins` on.
    """
    test = DriftTest.start(count_levels(levels(draw(rng, reference))))
    for day in range(days):
        values = draw(rng, int(rng.poisson(per_day))) + (shift if day >= begins else 0.0)  # some days have no data
        test = test.observe(day, levels(values), rng.random(len(values)))
        if test.p_value <= alpha:
            return day
    return None
