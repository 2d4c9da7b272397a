"""Two strategies side by side: the examples that both have a score for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS, scale_width
from harness.statistics.examples import cluster_index, complete_examples, count_units
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]

SAME = 1e-12  # averages over seeds may differ by rounding alone


@dataclass(frozen=True)
class Pair:
    """A and B on the same examples.

    Attributes:
        both: the statistics of A and then B, (n, seeds of A and B, d).
        seeds: the number of seeds of A.
        cluster: the cluster of each example, (n,); None if all are independent.
        dropped: examples without a score on one side, which are not in `both`.
        factor: what the score of A is multiplied by, above 0: the difference is then B − factor · A.
    """

    both: Array
    seeds: int
    cluster: NDArray[np.int64] | None
    metric: Metric
    confidence: float
    dropped: int
    factor: float = 1.0

    @property
    def a(self) -> Array:
        """The statistics of A, (n, seeds, d)."""
        return self.both[:, : self.seeds]

    @property
    def b(self) -> Array:
        """The statistics of B, (n, seeds, d)."""
        return self.both[:, self.seeds :]

    @property
    def n(self) -> int:
        """The number of examples."""
        return len(self.both)

    @property
    def units(self) -> int:
        """The number of independent units: examples, or clusters."""
        return count_units(self.n, self.cluster)

    @property
    def is_binary(self) -> bool:
        """Whether the scores are independent yes-or-no answers."""
        one_seed = self.a.shape[1] == self.b.shape[1] == 1
        yes_or_no = all(np.isin(side, (0.0, 1.0)).all() for side in (self.a, self.b))
        return self.metric.unit == "fraction" and self.factor == 1 and self.cluster is None and one_seed and yes_or_no

    @property
    def differences(self) -> Array:
        """B − factor · A of each example, averaged over seeds, (n,)."""
        differences: Array = self.b[:, :, 0].mean(axis=1) - self.factor * self.a[:, :, 0].mean(axis=1)
        return np.where(np.abs(differences) < SAME, 0.0, differences)

    @property
    def scale(self) -> float | None:
        """The width of the scale of a difference, which goes from one end of the score's scale to the other in both directions."""
        width = scale_width(self.metric)
        return None if width is None else (1 + self.factor) * width

    def side_means(self, scores: Array) -> tuple[Array, Array]:
        """Scores of the seeds of A and B, (…, seeds) → the scores of A and of B, (…), averaged over seeds."""
        return scores[..., : self.seeds].mean(axis=-1), scores[..., self.seeds :].mean(axis=-1)

    def difference(self, scores: Array) -> Array:
        """Scores of the seeds of A and B, (…, seeds) → B − factor · A, (…)."""
        a, b = self.side_means(scores)
        return b - self.factor * a

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest difference that the scale of the score has; infinite where it has none."""
        lowest, highest = BOUNDS.get(self.metric.unit, (-math.inf, math.inf))
        return lowest - self.factor * highest, highest - self.factor * lowest

    def bound(self, low: float, high: float) -> tuple[float, float]:
        """The limits of a difference, cut at the ends of its scale."""
        return max(low, self.ends[0]), min(high, self.ends[1])


def make_pair(a: Array, b: Array, *, metric: Metric, groups: Sequence[str | None] | None, confidence: float, factor: float = 1.0) -> Pair:
    """A and B on the examples that have a score on both sides. Shapes as in `compare_scores`.

    Raises:
        ValueError: shapes that do not fit.
    """
    first, second = as_stack(a, metric), as_stack(b, metric)
    if first.shape[0] != second.shape[0] or first.shape[2] != second.shape[2]:
        raise ValueError(f"A has (examples, seeds, numbers) {first.shape}, B has {second.shape}")
    both = np.concatenate([first, second], axis=1)
    complete = complete_examples(both, groups if groups is not None else [None] * len(first))
    cluster = cluster_index(complete.groups, len(complete.stack))
    return Pair(complete.stack, first.shape[1], cluster, metric, confidence, complete.dropped, factor)


def as_stack(scores: Array, metric: Metric) -> Array:
    """Any of the shapes that `compare_scores` takes as (n, seeds, d).

    Raises:
        ValueError: another shape.
    """
    stack = np.asarray(scores, dtype=np.float64)
    if metric.level == "example" and stack.ndim < 3:
        stack = stack[:, :, None] if stack.ndim == 2 else stack[:, None, None]
    elif stack.ndim == 2:
        stack = stack[:, None, :]
    if stack.ndim != 3 or 0 in stack.shape[1:]:
        shapes = "(examples, seeds), or (examples, seeds, d) for statistics"
        raise ValueError(f"{metric.name}: scores of shape {np.shape(scores)}; pass {shapes}")
    return stack
