"""Samples of test examples to review: uniform, weighted, or the lowest scores.

Weighted samples have unequal but known inclusion probabilities: weighting each example by the inverse of its probability keeps rates
over all examples unbiased. A sample of the lowest scores is allowed, but estimates nothing about the other examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LARGEST_RATIO = 8.0  # of the highest inclusion probability to the lowest


@dataclass(frozen=True)
class Sample:
    """Sampled examples."""

    positions: tuple[int, ...]
    """Among all examples, in ascending order."""
    probabilities: tuple[float, ...]
    """The inclusion probability of each sampled example."""
    representative: bool
    """Whether rates over the sample estimate rates over all examples."""


def draw_uniform_sample(population: int, n: int, rng: np.random.Generator) -> Sample:
    """Every example with the same probability n/N."""
    n = min(n, population)
    positions = sorted(int(i) for i in rng.choice(population, size=n, replace=False))
    return Sample(tuple(positions), (n / population,) * n, representative=True)


def draw_weighted_sample(sizes: Sequence[float], n: int, rng: np.random.Generator) -> Sample:
    """Larger sizes are up to eight times more likely to be sampled; every example has a chance.

    Systematic sampling along the examples in random order (Madow 1949, "On the theory of systematic sampling, II"): exactly n examples,
    each with its own probability.

    Args:
        sizes: one per example, on any scale; only their order counts, and equal sizes are equally likely.
    """
    population = len(sizes)
    n = min(n, population)
    probabilities = compute_probabilities(sizes, n)
    order = rng.permutation(population)
    ends = np.cumsum(probabilities[order])
    points = rng.random() + np.arange(n)
    drawn = order[np.minimum(np.searchsorted(ends, points, side="right"), population - 1)]
    positions = sorted(int(i) for i in drawn)
    return Sample(tuple(positions), tuple(float(probabilities[i]) for i in positions), representative=True)


def compute_probabilities(sizes: Sequence[float], n: int) -> NDArray[np.float64]:
    """The probability of each example to be in a weighted sample of n examples."""
    return _scale_to_sum(1 + (_LARGEST_RATIO - 1) * _rank(np.asarray(sizes, dtype=np.float64)), min(n, len(sizes)))


def select_lowest_scores(scores: Sequence[float], n: int) -> Sample:
    """The n examples with the lowest scores: rates over them describe these examples only."""
    positions = sorted(int(i) for i in np.argsort(np.asarray(scores, dtype=np.float64), kind="stable")[:n])
    return Sample(tuple(positions), (1.0,) * len(positions), representative=False)


def _rank(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 0 for the smallest size to 1 for the largest; equal sizes share their mean rank."""
    from scipy.stats import rankdata

    ranks: NDArray[np.float64] = rankdata(sizes)
    spread = float(ranks.max() - ranks.min())
    return (ranks - ranks.min()) / spread if spread else np.zeros(len(sizes))


def _scale_to_sum(weights: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Probabilities min(1, c·w) that sum to n: those that would exceed 1 become 1, and the others share the rest."""
    probabilities = np.zeros(len(weights))
    certain = np.zeros(len(weights), dtype=np.bool_)
    while True:
        remaining = n - int(certain.sum())
        probabilities[~certain] = remaining * weights[~certain] / weights[~certain].sum() if not certain.all() else 0.0
        over = ~certain & (probabilities >= 1)
        if not over.any():
            break
        certain |= over
    probabilities[certain] = 1.0
    return probabilities
