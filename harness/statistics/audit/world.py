"""Worlds to simulate: the examples of a run, each with a chance to be drawn. The truth is then known exactly.

With equal chances, the observed scores are the truth. Other truths (two strategies that are equally good, one that is worse by Δ) are
reached by exponential tilting: the chance of a unit is proportional to exp(λ·z), where z is its influence on the score, and λ is found by
bisection. No score of any example is changed, so that distributions, ties and correlations stay those of the run, and of all such
weightings this one is the closest to equal chances (Efron 1981, "Nonparametric standard errors and confidence intervals", section 11).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS
from harness.statistics.comparison import SAME
from harness.statistics.examples import cluster_sums, count_units
from harness.statistics.intervals import leave_one_out
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]

_STEEPEST = 12.0  # λ, in standard deviations of the influence
_LEAST_EFFECTIVE = 0.25  # of the units: with fewer, a world hangs on a few examples


@dataclass(frozen=True, eq=False)
class DrawnTestSet:
    """The positions of the drawn examples, (m,), and the group of each: a unit that is drawn twice is two groups."""

    positions: NDArray[np.int64]
    groups: tuple[str | None, ...]


@dataclass(frozen=True, eq=False)
class World:
    """Examples, and the chance of each independent unit (example, or group of examples) to be drawn.

    Attributes:
        stack: the statistics of all strategies side by side, (n, seeds of all, d), complete.
        cuts: where the seeds of one strategy end and those of the next begin.
        cluster: the group of each example, (n,); None where all are independent.
        chances: (units,), sum 1.
        drawn: how many units a sample has.
    """

    metric: Metric
    stack: Array
    cuts: tuple[int, ...]
    cluster: NDArray[np.int64] | None
    chances: Array
    drawn: int

    @property
    def sign(self) -> float:
        """−1 where a lower score is better."""
        return -1.0 if self.metric.direction == "lower" else 1.0

    def truth(self, chances: Array | None = None) -> Array:
        """The true score of each strategy, (k,)."""
        weights = self.chances if chances is None else chances
        n, seeds, d = self.stack.shape
        if self.metric.level == "rows":
            rows = weights if self.cluster is None else weights[self.cluster]
            scores = np.array([float(self.metric.aggregate(self.stack[:, k], rows[None] * len(rows))[0]) for k in range(seeds)])
        else:
            sums, sizes = cluster_sums(self.stack.reshape(n, seeds * d), self.cluster)
            totals = (weights @ sums).reshape(seeds, d)
            scores = self.metric.aggregate(totals, np.full(seeds, float(weights @ sizes)))
        return np.array([side.mean() for side in np.split(scores, self.cuts)])

    def sides(self, positions: NDArray[np.int64]) -> list[Array]:
        """The statistics of each strategy on these examples, (m, seeds, d)."""
        return np.split(self.stack[positions], self.cuts, axis=1)

    def draw(self, rng: np.random.Generator) -> DrawnTestSet:
        """A new test set of as many units."""
        units = rng.choice(len(self.chances), size=self.drawn, p=self.chances)
        if self.cluster is None:
            return DrawnTestSet(units, (None,) * len(units))
        order, starts = self._members()
        positions = [order[starts[u] : starts[u + 1]] for u in units]
        groups = tuple(str(copy) for copy, members in enumerate(positions) for _ in members)
        return DrawnTestSet(np.concatenate(positions), groups)

    def _members(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The examples in the order of their clusters, and where each cluster starts."""
        cluster = np.zeros(0, dtype=np.int64) if self.cluster is None else self.cluster
        return np.argsort(cluster, kind="stable"), np.concatenate([[0], np.cumsum(np.bincount(cluster))])

    def influence(self) -> Array:
        """What each unit adds to the score of each strategy, (units, k), from leaving it out; 0 for scores that are not additive."""
        left_out = leave_one_out(self.metric, self.stack, self.cluster)
        return np.stack([-side.mean(axis=1) for side in np.split(left_out, self.cuts, axis=1)], axis=1)

    def tilted_to_difference(self, i: int, j: int, target: float, *, factor: float = 1.0) -> World | None:
        """The world in which strategy i is better than j, or than `factor` times the score of j, by the target (below 0: worse); None where
        there is none near this one."""
        influence = self.influence()
        return self._tilted(
            lambda scores: self.sign * (scores[i] - factor * scores[j]), self.sign * (influence[:, i] - factor * influence[:, j]), target
        )

    def tilted_to_score(self, i: int, target: float) -> World | None:
        """The world in which the score of strategy i is the target; None where there is none near this one."""
        return self._tilted(lambda scores: scores[i], self.influence()[:, i], target)

    def _tilted(self, value: Callable[[Array], float], influence: Array, target: float) -> World | None:
        spread = float(influence.std())
        if spread < SAME or not np.isfinite(spread):
            return None
        z = (influence - influence.mean()) / spread

        def chances(slope: float) -> Array:
            weights = np.exp(slope * z - np.max(slope * z))
            return np.asarray(weights / weights.sum())

        low, high = -_STEEPEST, _STEEPEST
        if not value(self.truth(chances(low))) <= target <= value(self.truth(chances(high))):
            return None
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if value(self.truth(chances(middle))) < target else (low, middle)
        tilted = chances(low)
        is_near = 1 / float(np.sum(tilted**2)) >= _LEAST_EFFECTIVE * len(tilted)
        return replace(self, chances=tilted) if is_near else None

    def with_failures(self, best: int, place: int, loss: float) -> World | None:
        """The world in which strategy `place` fails totally on a share of the units, and so is worse than the best by `loss`. Else it is as
        good as the best: on examples weighted for that, or as a copy of the best where there is no such weighting. None where the scale has
        no worst value, or a total failure costs too little."""
        if self.metric.level != "example" or self.metric.unit not in BOUNDS:
            return None
        equal = self.tilted_to_difference(place, best, 0.0)
        world = equal or self
        sides = np.split(world.stack, world.cuts, axis=1)
        otherwise = sides[place if equal else best]
        lowest, highest = BOUNDS[self.metric.unit]
        failed = np.full_like(otherwise, lowest if self.sign > 0 else highest)
        return world._mixed(best, place, otherwise, failed, loss)

    def with_mixed_copy(self, best: int, place: int, loss: float) -> World | None:
        """The world in which strategy `place` equals the best, except that it keeps its own scores on a share of the units, and so loses
        `loss`. None where it is not worse by that much."""
        sides = np.split(self.stack, self.cuts, axis=1)
        seeds = np.arange(sides[best].shape[1]) % sides[place].shape[1]
        return self._mixed(best, place, sides[best], sides[place][:, seeds], loss)

    def _mixed(self, best: int, place: int, otherwise: Array, instead: Array, loss: float) -> World | None:
        """The world in which every unit occurs twice: strategy `place` has the scores of `otherwise` in one, those of `instead` in the
        other, (n, seeds, d) each. The chance of the second is found by bisection, so that `place` is worse than the best by `loss`."""
        sides = np.split(self.stack, self.cuts, axis=1)
        sides[place] = otherwise
        first = np.concatenate(sides, axis=1)
        sides[place] = instead
        second = np.concatenate(sides, axis=1)
        cuts = tuple(int(cut) for cut in np.cumsum([side.shape[1] for side in sides])[:-1])
        units = len(self.chances)
        cluster = None if self.cluster is None else np.concatenate([self.cluster, self.cluster + units])
        doubled = replace(self, stack=np.concatenate([first, second]), cuts=cuts, cluster=cluster)

        def chances(share: float) -> Array:
            return np.concatenate([(1 - share) * self.chances, share * self.chances])

        def lost(share: float) -> float:
            scores = doubled.truth(chances(share))
            return self.sign * float(scores[best] - scores[place])

        low, high = 0.0, 1.0
        if lost(high) < loss:
            return None
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if lost(middle) < loss else (low, middle)
        return replace(doubled, chances=chances(high))


def make_world(metric: Metric, stack: Array, cuts: tuple[int, ...], cluster: NDArray[np.int64] | None) -> World:
    """The world whose truth is what was observed."""
    units = count_units(len(stack), cluster)
    return World(metric, stack, cuts, cluster, np.full(units, 1 / units), units)
