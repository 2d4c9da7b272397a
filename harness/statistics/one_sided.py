"""The limits that a difference has on one side, each at level α: what "not worse by more than Δ" is read from.

Those of means are in `mean_limits`, those of what is right or wrong in `proportions`. They hold from 30 rows on, or 20 degrees of freedom
with groups: of a dozen groups one in four shows no failure that befalls one group in ten. Scores of all rows together have the percentiles
of the bootstrap, corrected for its bias; all others have the limits of `compare_scores` with confidence 1 − 2α.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.bootstrap_limits import bootstrap_limits, bootstrap_method, carrying_rows, left_out
from harness.statistics.intervals import ROUGH, bootstrap_label, mean_label
from harness.statistics.mean_errors import mean_error
from harness.statistics.mean_limits import mean_limits
from harness.statistics.pairs import SAME, Pair, compare_scores, difference_of, label_of_differences, paired, possible_difference
from harness.statistics.proportions import one_sided_share_limits
from harness.statistics.resampling import resampled_scores, seen_scores
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class OneSided:
    """B − A is above `low`, and below `high`, each with confidence 1 − α; None where there is no valid limit."""

    difference: float | None
    low: float | None
    high: float | None
    n: int
    method: str

    @property
    def rough(self) -> bool:
        """Whether the rows are outside the range in which the method is known to hold."""
        return self.method.endswith(ROUGH)


def one_sided_limits(
    a: Array,
    b: Array,
    *,
    metric: Metric,
    groups: Sequence[str | None] | None = None,
    alpha: float = 0.05,
    resamples: int = 2000,
    seed: int = 0,
) -> OneSided:
    """The limits, for scores or statistics in the shapes of `compare_scores`.

    Raises:
        ValueError: shapes that do not fit.
    """
    pair, _ = paired(a, b, metric=metric, groups=groups, confidence=1 - 2 * alpha)
    if metric.level == "example" and not pair.binary and pair.units > 2 and np.ptp(pair.differences) > SAME:
        return _of_means(pair, alpha)
    if metric.level == "example" and pair.binary:
        return _of_shares(pair, alpha)
    if metric.level != "example" and pair.units > 1:
        drawn = difference_of(pair, resampled_scores(metric, pair.both, pair.cluster, resamples, seed))
        if np.ptp(drawn) > SAME:
            label = f"paired {bootstrap_label(pair.both, pair.cluster, resamples, seed, rough=metric.rough)}"
            return _of_bootstrap(pair, drawn, alpha, label)
    found = compare_scores(a, b, metric=metric, groups=groups, margin=None, resamples=resamples, seed=seed, confidence=1 - 2 * alpha)
    return OneSided(found.difference, found.low, found.high, found.n, found.method)


def _of_shares(pair: Pair, alpha: float) -> OneSided:
    differences = np.round(pair.differences)
    gained, lost, n = int((differences > 0).sum()), int((differences < 0).sum()), len(differences)
    method = f"Tango and Clopper–Pearson, n={n}" + ("" if n >= 30 else ROUGH)
    return OneSided((gained - lost) / n, *one_sided_share_limits(gained, lost, n, alpha), n, method)


def _of_bootstrap(pair: Pair, drawn: Array, alpha: float, label: str) -> OneSided:
    seen = float(difference_of(pair, seen_scores(pair.metric, pair.both)))
    rows = carrying_rows(difference_of(pair, left_out(pair.metric, pair.both, pair.cluster)))
    limits = possible_difference(pair.metric, *bootstrap_limits(seen, drawn, rows, alpha))
    return OneSided(seen, *limits, len(pair.both), bootstrap_method(label, rows))


def _of_means(pair: Pair, alpha: float) -> OneSided:
    differences = pair.differences
    mean, error = float(differences.mean()), mean_error(differences, pair.cluster)
    label = label_of_differences(differences, mean_label(error, len(differences), pair.cluster, least_df=20))
    return OneSided(mean, *possible_difference(pair.metric, *mean_limits(mean, error, alpha)), len(differences), label)
