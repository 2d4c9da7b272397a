"""The limits that a difference has on one side, each at level α: what "not worse by more than Δ" is read from.

Those of means are in `mean_limits`, those of what is right or wrong in `proportions`. They hold from 30 rows on, or 20 degrees of freedom
with groups: of a dozen groups one in four shows no failure that befalls one group in ten. Scores of all rows together have the percentiles
of the bootstrap, corrected for its bias; all others have the limits of `compare_scores` with confidence 1 − 2α.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.bootstrap_limits import bootstrap_limits, carrying_rows, corrected_basis, left_out
from harness.statistics.interval import Basis, OneSidedLimits
from harness.statistics.intervals import bootstrap_basis, mean_basis
from harness.statistics.mean_errors import mean_error
from harness.statistics.mean_limits import mean_limits
from harness.statistics.pairs import SAME, Pair, compare_scores, difference_of, paired, paired_basis, possible_difference
from harness.statistics.proportions import one_sided_share_limits
from harness.statistics.resampling import resampled_scores, seen_scores
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


def one_sided_limits(
    a: Array,
    b: Array,
    *,
    metric: Metric,
    groups: Sequence[str | None] | None = None,
    alpha: float = 0.05,
    resamples: int = 2000,
    seed: int = 0,
) -> OneSidedLimits:
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
            basis = bootstrap_basis(pair.both, pair.cluster, resamples, seed, biased=metric.resampling_biased)
            return _of_bootstrap(pair, drawn, alpha, replace(basis, method=f"paired {basis.method}"))
    found = compare_scores(a, b, metric=metric, groups=groups, margin=None, resamples=resamples, seed=seed, confidence=1 - 2 * alpha)
    basis = Basis(found.n, found.units, found.method, found.reason)
    return basis.limits(found.difference, found.low, found.high, alpha, se=found.se)


def _of_shares(pair: Pair, alpha: float) -> OneSidedLimits:
    differences = np.round(pair.differences)
    gained, lost, n = int((differences > 0).sum()), int((differences < 0).sum()), len(differences)
    basis = Basis(n, n, f"Tango and Clopper–Pearson, n={n}").unless(n >= 30, "fewer than 30 examples")
    return basis.limits((gained - lost) / n, *one_sided_share_limits(gained, lost, n, alpha), alpha)


def _of_bootstrap(pair: Pair, drawn: Array, alpha: float, basis: Basis) -> OneSidedLimits:
    seen = float(difference_of(pair, seen_scores(pair.metric, pair.both)))
    rows = carrying_rows(difference_of(pair, left_out(pair.metric, pair.both, pair.cluster)))
    limits = possible_difference(pair.metric, *bootstrap_limits(seen, drawn, rows, alpha))
    return corrected_basis(basis, rows).limits(seen, *limits, alpha, se=float(np.std(drawn, ddof=1)))


def _of_means(pair: Pair, alpha: float) -> OneSidedLimits:
    differences = pair.differences
    mean, error = float(differences.mean()), mean_error(differences, pair.cluster)
    basis = paired_basis(differences, mean_basis(error, len(differences), pair.cluster, least_df=20))
    limits = possible_difference(pair.metric, *mean_limits(mean, error, alpha))
    return basis.limits(mean, *limits, alpha, se=error.se, df=error.df)
