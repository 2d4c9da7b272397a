"""Several strategies on the same examples, and the level at which each pair is judged so that all limits hold together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.comparison import SAME, as_stack
from harness.statistics.examples import (
    cluster_index,
    complete_examples,
    count_units,
    observed_scores,
    resampled_scores,
    resampled_totals,
)
from harness.statistics.intervals import mean_influences
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class JointScores:
    """All strategies on the examples that all have a score for.

    Attributes:
        stack: (n, seeds of all, d), divided into strategies at `cuts`.
        scores: the score of each strategy, (k,), and `resampled`, of each resample, (resamples, k), turned so that more is better.
    """

    names: tuple[str, ...]
    stack: Array
    cuts: tuple[int, ...]
    groups: tuple[str | None, ...]
    metric: Metric
    scores: Array
    resampled: Array

    @property
    def sign(self) -> float:
        """−1 where a lower score is better, to turn scores so that more is better."""
        return -1.0 if self.metric.direction == "lower" else 1.0

    def side(self, i: int) -> Array:
        """The statistics of one strategy, (n, seeds, d)."""
        return np.split(self.stack, self.cuts, axis=1)[i]


def joint_scores(
    stacks: Mapping[str, Array], *, metric: Metric, groups: Sequence[str | None] | None, resamples: int = 2000, seed: int = 0
) -> JointScores | None:
    """The scores of all strategies; None with fewer than two strategies, or fewer than two independent examples that all have a score for.

    Args:
        stacks: scores or statistics by strategy, in the shapes of `compare_scores`, all on the same examples.

    Raises:
        ValueError: shapes that do not fit.
    """
    sides = [as_stack(stack, metric) for stack in stacks.values()]
    if len({(side.shape[0], side.shape[2]) for side in sides}) > 1:
        raise ValueError(f"the strategies have (examples, seeds, numbers) {[side.shape for side in sides]}")
    joined = np.concatenate(sides, axis=1) if sides else np.empty((0, 0, 1))
    complete = complete_examples(joined, groups if groups is not None else [None] * len(joined))
    cluster = cluster_index(complete.groups, len(complete.stack))
    if len(stacks) < 2 or count_units(len(complete.stack), cluster) < 2:
        return None
    cuts = tuple(int(cut) for cut in np.cumsum([side.shape[1] for side in sides])[:-1])
    sign = -1.0 if metric.direction == "lower" else 1.0

    def by_strategy(scores: Array) -> Array:  # (…, seeds of all) → (…, k)
        return np.stack([sign * side.mean(axis=-1) for side in np.split(scores, cuts, axis=-1)], axis=-1)

    scores = by_strategy(observed_scores(metric, complete.stack))
    if metric.influences:
        influences = np.stack([sign * mean_influences(metric, side) for side in np.split(complete.stack, cuts, axis=1)], axis=1)
        resampled = scores + resampled_totals(influences, cluster, resamples, seed)[0]
    else:
        resampled = by_strategy(resampled_scores(metric, complete.stack, cluster, resamples, seed))
    return JointScores(tuple(stacks), complete.stack, cuts, complete.groups, metric, scores, resampled)


def level_against(resampled: Array, control: int, alpha: float, *, two_sided: bool = False) -> float:
    """The one-sided level at which the limits of all others against one strategy hold jointly with confidence 1 − alpha.

    Args:
        resampled: the scores of all strategies in each resample, (resamples, k).
        two_sided: whether both limits of each difference must hold (Dunnett 1955), and not only the lower ones.
    """
    centred = resampled - resampled.mean(axis=0)
    errors = np.delete(centred, control, axis=1) - centred[:, [control]]  # (resamples, k − 1)
    return _level(np.abs(errors) if two_sided else errors, alpha, two_sided=two_sided)


def levels_against_each(
    stacks: Mapping[str, Array], *, metric: Metric, groups: Sequence[str | None] | None, alpha: float
) -> dict[str, float]:
    """For each strategy, the one-sided level at which the limits of all others against it hold jointly; empty where nothing can be
    compared."""
    field = joint_scores(stacks, metric=metric, groups=groups)
    return {name: level_against(field.resampled, i, alpha) for i, name in enumerate(field.names)} if field else {}


def level_of_all_pairs(resampled: Array, alpha: float) -> float:
    """The one-sided level at which the limits of all ordered pairs hold jointly with confidence 1 − alpha."""
    k = resampled.shape[1]
    centred = resampled - resampled.mean(axis=0)
    errors = (centred[:, :, None] - centred[:, None, :])[:, ~np.eye(k, dtype=bool)]  # (resamples, k (k − 1))
    return _level(errors, alpha, two_sided=False)


def _level(errors: Array, alpha: float, *, two_sided: bool) -> float:
    """The level at which each of several limits is exceeded by its error, so that any is in alpha of the resamples: the alpha-quantile of
    the smallest p-value (min-P; Westfall & Young 1993, "Resampling-based multiple testing", section 2.3). Never below Bonferroni's, which
    holds however the errors depend on each other.

    The p-value of an error is its rank among those of the same comparison. A normal tail would not do: the limits allow for skewness, and a
    level that follows from a skewed error would allow for it again, with the opposite sign. Of three to seven strategies that fail on 5–10%
    of the examples, one would be recommended in 5.3–6.7% of samples.

    Args:
        errors: of each comparison, (resamples, comparisons); without their sign if both limits must hold.
    """
    from pandas import DataFrame

    number, comparisons = len(errors), int(errors.shape[1])
    single = alpha / 2 if two_sided else alpha
    if comparisons == 1:
        return single
    if not (np.ptp(errors, axis=0) > SAME).all():  # nothing is known about how these depend on the others
        return single / comparisons
    p_values = (number + 0.5 - DataFrame(errors).rank().to_numpy()) / number
    joint = float(np.quantile(p_values.min(axis=1), alpha)) / (2 if two_sided else 1)
    return min(single, max(joint, single / comparisons))
