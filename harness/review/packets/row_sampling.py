"""Which test rows people look at.

A simple random sample, or one whose rows have unequal, known chances: then rates over the rows stay unbiased, because each row is weighed
by the inverse of its chance. Taking the hardest rows is allowed and says nothing about the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FAVOUR = 8.0  # how much likelier the most favoured row is than the least


@dataclass(frozen=True)
class Sample:
    """Positions among the rows, in their order, and each one's chance of being drawn. `generalises`: whether rates over these rows say
    something about all."""

    positions: tuple[int, ...]
    chances: tuple[float, ...]
    generalises: bool


def random_sample(population: int, n: int, rng: np.random.Generator) -> Sample:
    """Each row with the same chance, n/N."""
    n = min(n, population)
    positions = sorted(int(i) for i in rng.choice(population, size=n, replace=False))
    return Sample(tuple(positions), (n / population,) * n, generalises=True)


def favoured_sample(sizes: Sequence[float], n: int, rng: np.random.Generator) -> Sample:
    """Rows with a larger size are likelier, up to eight times; no row has no chance.

    Systematic sampling along the rows in a random order (Madow 1949, "On the theory of systematic sampling, II"): exactly n rows, each with
    its chance.

    Args:
        sizes: one a row, of any scale; only their order counts, and equal ones are favoured alike.
    """
    population = len(sizes)
    n = min(n, population)
    chances = _chances(1 + (_FAVOUR - 1) * _ranks(np.asarray(sizes, dtype=np.float64)), n)
    order = rng.permutation(population)
    ends = np.cumsum(chances[order])
    points = rng.random() + np.arange(n)
    drawn = order[np.minimum(np.searchsorted(ends, points, side="right"), population - 1)]
    positions = sorted(int(i) for i in drawn)
    return Sample(tuple(positions), tuple(float(chances[i]) for i in positions), generalises=True)


def hardest(scores: Sequence[float], n: int) -> Sample:
    """The rows with the lowest scores. They are chosen for what they are: rates over them are about them alone."""
    positions = sorted(int(i) for i in np.argsort(np.asarray(scores, dtype=np.float64), kind="stable")[:n])
    return Sample(tuple(positions), (1.0,) * len(positions), generalises=False)


def _ranks(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 0 for the smallest to 1 for the largest; equal sizes share the middle of their ranks."""
    from scipy.stats import rankdata

    ranks: NDArray[np.float64] = rankdata(sizes)
    spread = float(ranks.max() - ranks.min())
    return (ranks - ranks.min()) / spread if spread else np.zeros(len(sizes))


def _chances(weights: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """min(1, c·w) that sum to n: whoever would pass 1 is certain, and the others share what is left."""
    chances = np.zeros(len(weights))
    certain = np.zeros(len(weights), dtype=np.bool_)
    while True:
        left = n - int(certain.sum())
        chances[~certain] = left * weights[~certain] / weights[~certain].sum() if not certain.all() else 0.0
        over = ~certain & (chances >= 1)
        if not over.any():
            break
        certain |= over
    chances[certain] = 1.0
    return chances
