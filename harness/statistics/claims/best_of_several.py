"""Is the best of several strategies better than a baseline? The best was picked by its score on the same examples.

The best of k strategies that all equal the baseline looks better than it more often than any one of them does: with k = 6 and correlated
scores, in 7% of samples on the better side where one comparison errs in 2.5%. So its difference to the baseline has the interval and the
level at which the intervals of all k hold together (many-to-one comparisons; Dunnett 1955, JASA 50:1096–1121), with the level from the same
bootstrap as that of a recommendation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.claims.joint_levels import joint_scores, level_against
from harness.statistics.comparison import Comparison, compare_scores
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


def compare_best(
    stacks: Mapping[str, Array],
    *,
    baseline: str,
    metric: Metric,
    margin: float | None,
    groups: Sequence[str | None],
    alpha: float = 0.05,
    resamples: int = 2000,
    seed: int = 0,
) -> Comparison | None:
    """The best of the other strategies less the baseline, corrected for picking it. None where not even two examples have all scores.

    With a single other strategy this is `compare_scores`. Its `p_value` is that of the pair, and is compared with the corrected level.

    Args:
        stacks: scores or statistics by strategy, in the shapes of `compare_scores`, all on the same examples.
        baseline: its name among them.

    Raises:
        ValueError: shapes that do not fit.
    """
    field = joint_scores(stacks, metric=metric, groups=groups, resamples=resamples, seed=seed)
    if field is None:
        return None
    control = field.names.index(baseline)
    best = int(np.argmax(np.where(np.arange(len(field.names)) == control, -np.inf, field.scores)))
    level = level_against(field.resampled, control, alpha, two_sided=True)
    return compare_scores(
        field.side(control),
        field.side(best),
        metric=metric,
        groups=field.groups,
        margin=margin,
        resamples=resamples,
        seed=seed,
        confidence=1 - 2 * level,
    )
