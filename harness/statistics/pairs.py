"""Is B better than A? Two strategies on the same examples.

| score | p-value | interval |
| --- | --- | --- |
| 0 or 1, one seed, no groups | mid-p McNemar | Tango |
| means | t of the paired differences, cluster-robust where groups repeat; with Hall's where they are skewed | the same |
| corpus scores | paired bootstrap centred under the null, (c+1)/(B+1) | percentiles of the same resamples |

Several seeds are averaged within an example first: n is the number of examples, never examples × seeds. How much another seed would
change the result is not in these intervals; `method` says how many seeds there were.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS
from harness.statistics.clusters import cluster_index
from harness.statistics.interval import Basis, Interval, no_interval, too_few_units
from harness.statistics.intervals import bootstrap_basis, mean_interval, percentile_interval, units, unseen_room
from harness.statistics.mean_errors import mean_error
from harness.statistics.mean_limits import p_value_of_mean
from harness.statistics.power import detectable_mean, detectable_share
from harness.statistics.proportions import mcnemar_midp, tango_interval
from harness.statistics.resampling import resampled_scores, seen_scores
from harness.statistics.statistic_rows import whole_rows
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]
PairVerdict: TypeAlias = Literal["better", "worse", "different", "tied", "undecided"]

SAME = 1e-12  # averages over seeds may differ by rounding alone


@dataclass(frozen=True)
class Comparison:
    """B against A on n examples.

    `difference` is B − A in the unit of the score, with its interval (None where no valid one exists). `better`, `equal` and
    `worse` count the examples where B is so (for a score without a better direction: higher and lower); None for corpus scores,
    which no single example has. `dropped` examples have no number on one side. `tied` in the verdict means equivalent: the
    interval lies within ±margin. An interval may be both off 0 and within the margin: then the verdict names the direction, and
    `equivalent` is true all the same. `reliable` and `reason` are those of the interval. `detectable` is the smallest difference that
    such rows would have shown four times in five
    (see `power`); `se` the standard error of the difference, and `units` the independent rows or groups that it rests on.
    """

    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    n: int
    method: str
    reliable: bool
    reason: str
    better: int | None
    equal: int | None
    worse: int | None
    dropped: int
    margin: float | None
    equivalent: bool
    verdict: PairVerdict
    detectable: float | None
    se: float | None
    units: int


def compare_scores(
    a: Array,
    b: Array,
    *,
    metric: Metric,
    groups: Sequence[str | None] | None = None,
    margin: float | None,
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Comparison:
    """Compare B with A, row by row on the same examples in the same order.

    Valid: 0/1 scores from 10 rows; means where `mean_interval` is, and 10 rows differ; corpus scores
    from 100 rows or groups, in which every count that occurs does so in 5 rows (each class, on each side). Outside, the interval is
    not reliable.

    Args:
        a, b: the scores, (n,) or (n, seeds), of a metric that judges single examples; the statistics, (n, d) or (n, seeds, d), of a
            corpus metric; or (n, seeds, d) of either, as `statistic_stack` gives. The numbers of seeds may differ. NaN: the
            question does not arise; such a row is dropped on both sides.
        groups: the cluster of each row; used if any has two rows.
        margin: Δ, above 0, in the unit of the score; None where nobody said what is close enough: then nothing is called tied.

    Raises:
        ValueError: shapes that do not fit, or a margin that is not above 0.
    """
    if margin is not None and not margin > 0:
        raise ValueError(f"the margin must be above 0, not {margin}")
    pair, dropped = paired(a, b, metric=metric, groups=groups, confidence=confidence)
    if len(pair.a) == 0:
        found = _Found(None, no_interval(0, 0, "no examples"), None)
    elif metric.level != "example":
        found = _by_bootstrap(pair, resamples, seed)
    elif pair.binary:
        found = _by_counts(pair)
    else:
        found = _by_differences(pair)
    return _comparison(pair, found, dropped=dropped, margin=margin)


@dataclass(frozen=True)
class Pair:
    """The rows of A and B that count, side by side in `both`, (n, seeds of A and B, d), with their clusters. `seeds` are those of A."""

    both: Array
    seeds: int
    cluster: NDArray[np.int64] | None
    metric: Metric
    confidence: float

    @property
    def a(self) -> Array:
        """The rows of A, (n, seeds, d)."""
        return self.both[:, : self.seeds]

    @property
    def b(self) -> Array:
        """The rows of B, (n, seeds, d)."""
        return self.both[:, self.seeds :]

    @property
    def binary(self) -> bool:
        """Whether the rows are independent yes-or-no answers."""
        one_seed = self.a.shape[1] == self.b.shape[1] == 1
        yes_no = all(np.isin(side, (0.0, 1.0)).all() for side in (self.a, self.b))
        return self.metric.unit == "fraction" and self.cluster is None and one_seed and yes_no

    @property
    def differences(self) -> Array:
        """B − A of each example, seeds averaged, (n,)."""
        found: Array = self.b[:, :, 0].mean(axis=1) - self.a[:, :, 0].mean(axis=1)
        return np.where(np.abs(found) < SAME, 0.0, found)

    @property
    def units(self) -> int:
        """The number of independent things: rows or clusters."""
        return units(len(self.a), self.cluster)


def paired(a: Array, b: Array, *, metric: Metric, groups: Sequence[str | None] | None, confidence: float) -> tuple[Pair, int]:
    """The rows that have a number on both sides, and how many do not. Shapes as in `compare_scores`.

    Raises:
        ValueError: shapes that do not fit.
    """
    first, second = stacked(a, metric), stacked(b, metric)
    if first.shape[0] != second.shape[0] or first.shape[2] != second.shape[2]:
        raise ValueError(f"A has (examples, seeds, numbers) {first.shape}, B has {second.shape}")
    rows = whole_rows(np.concatenate([first, second], axis=1), groups if groups is not None else [None] * len(first))
    return Pair(rows.stack, first.shape[1], cluster_index(rows.groups, len(rows.stack)), metric, confidence), rows.dropped


@dataclass(frozen=True)
class _Found:
    """What a method found."""

    difference: float | None
    interval: Interval
    p_value: float | None
    detectable: float | None = None


def _by_counts(pair: Pair) -> _Found:
    gained, lost = int((pair.differences > 0).sum()), int((pair.differences < 0).sum())
    interval = tango_interval(gained, lost, len(pair.a), pair.confidence)
    se = math.sqrt(max(0.0, gained + lost - (gained - lost) ** 2 / len(pair.a))) / len(pair.a)
    labelled = replace(interval, se=se, method=f"McNemar mid-p, {interval.method}")
    detectable = detectable_share(gained + lost, len(pair.a), alpha=1 - pair.confidence)
    return _Found((gained - lost) / len(pair.a), labelled, mcnemar_midp(gained, lost), detectable)


def _by_differences(pair: Pair) -> _Found:
    differences = pair.differences
    mean = float(differences.mean())
    interval = mean_interval(differences, pair.cluster, pair.confidence)
    if interval.se is None or interval.df is None:
        return _Found(mean, interval, None)
    basis = paired_basis(differences, Basis(interval.n, interval.units, interval.method, interval.reason))
    if interval.se < SAME:
        return _without_spread(pair, mean, basis)
    detectable = detectable_mean(interval.se, interval.df, alpha=1 - pair.confidence)
    found = basis.interval(interval.low, interval.high, se=interval.se, df=interval.df)
    return _Found(mean, found, p_value_of_mean(mean, mean_error(differences, pair.cluster)), detectable)


def paired_basis(differences: Array, basis: Basis) -> Basis:
    """What the mean of paired differences rests on: with fewer than ten that are not 0 it is not reliable, and says how many."""
    differ = int(np.count_nonzero(differences))
    if differ >= 10:
        return replace(basis, method=f"paired {basis.method}")
    return replace(basis, method=f"paired {basis.method}, {differ} differ", reason="fewer than 10 examples differ")


def _by_bootstrap(pair: Pair, resamples: int, seed: int) -> _Found:
    """Resample the examples of both sides together; under the null the differences spread in the same way around 0.

    Centred at their own mean and two-sided, after Riezler & Maxwell (2005, "On some pitfalls in automatic evaluation and significance
    testing for MT"); (c+1)/(B+1) as Davison & Hinkley (1997, section 4.2). sacrebleu centres absolute differences: where the
    difference is clear, its p-value is one-sided, half of ours.
    """
    observed = float(difference_of(pair, seen_scores(pair.metric, pair.both)))
    if pair.units < 2:
        return _Found(observed, no_interval(len(pair.both), pair.units, too_few_units(len(pair.both), pair.units)), None)
    scores = difference_of(pair, resampled_scores(pair.metric, pair.both, pair.cluster, resamples, seed))
    basis = bootstrap_basis(pair.both, pair.cluster, resamples, seed, biased=pair.metric.resampling_biased)
    basis = replace(basis, method=f"paired {basis.method}")
    if np.ptp(scores) < SAME:
        return _without_spread(pair, observed, basis)
    extreme = np.count_nonzero(np.abs(scores - scores.mean()) >= abs(observed) - SAME)
    interval = percentile_interval(scores, basis, pair.confidence)
    detectable = detectable_mean(float(np.std(scores, ddof=1)), pair.units - 1, alpha=1 - pair.confidence)
    return _Found(observed, interval, float((extreme + 1) / (resamples + 1)), detectable)


def difference_of(pair: Pair, scores: Array) -> Array:
    """Scores of the seeds of A and B (…, seeds) → B − A (…)."""
    first, second = side_means(pair, scores)
    return second - first


def side_means(pair: Pair, scores: Array) -> tuple[Array, Array]:
    """Scores of the seeds of A and B (…, seeds) → the scores of A and of B (…), each the mean of its seeds."""
    return scores[..., : pair.seeds].mean(axis=-1), scores[..., pair.seeds :].mean(axis=-1)


def _without_spread(pair: Pair, difference: float, basis: Basis) -> _Found:
    """Every row differs by the same: no variance to work with. The sign test still gives a p-value; and up to q (`unseen_share`) of
    what was not seen may lie at the ends of the scale, which is Tango's interval where all pairs are equal or all are gained. On a scale
    without ends it may lie anywhere: there is no interval."""
    p_value = 1.0 if abs(difference) < SAME else min(1.0, 2 * 0.5**pair.units)
    if pair.metric.unit not in BOUNDS:
        return _Found(difference, no_interval(len(pair.a), pair.units, f"all {len(pair.a)} examples differ by the same"), p_value)
    lowest, highest = BOUNDS[pair.metric.unit]
    low, high = unseen_room(difference, (lowest - highest, highest - lowest), pair.units, pair.confidence)
    basis = replace(basis, method=f"{basis.method}, no spread", reason="all examples differ by the same")
    return _Found(difference, basis.interval(low, high, se=0.0), p_value)


def _comparison(pair: Pair, found: _Found, *, dropped: int, margin: float | None) -> Comparison:
    counts: tuple[int | None, int | None, int | None] = (None, None, None)
    if pair.metric.level == "example":
        signed = -pair.differences if pair.metric.direction == "lower" else pair.differences
        counts = int((signed > 0).sum()), int((signed == 0).sum()), int((signed < 0).sum())
    low, high = found.interval.low, found.interval.high
    if low is not None and high is not None:
        low, high = possible_difference(pair.metric, low, high)
    seeds = pair.a.shape[1], pair.b.shape[1]
    equivalent = margin is not None and low is not None and high is not None and -margin < low and high < margin
    return Comparison(
        difference=found.difference,
        low=low,
        high=high,
        p_value=found.p_value,
        n=len(pair.a),
        method=found.interval.method + (f"; seeds averaged: {seeds[0]} and {seeds[1]}" if max(seeds) > 1 else ""),
        reliable=found.interval.reliable,
        reason=found.interval.reason,
        better=counts[0],
        equal=counts[1],
        worse=counts[2],
        dropped=dropped,
        margin=margin,
        equivalent=equivalent,
        verdict=_verdict(pair, found, equivalent),
        detectable=found.detectable,
        se=found.interval.se,
        units=pair.units,
    )


def possible_difference(metric: Metric, low: float, high: float) -> tuple[float, float]:
    """The limits within the largest difference that the scale of the score has."""
    lowest, highest = BOUNDS.get(metric.unit, (-math.inf, math.inf))
    return max(low, lowest - highest), min(high, highest - lowest)


def _verdict(pair: Pair, found: _Found, equivalent: bool) -> PairVerdict:
    """Off 0 needs the interval and the p-value to agree: they are made in different ways and may part company at the border."""
    low, high = found.interval.low, found.interval.high
    significant = found.p_value is not None and found.p_value < 1 - pair.confidence
    if low is not None and high is not None and significant and (low > 0 or high < 0):
        if pair.metric.direction == "none":
            return "different"
        return "better" if (low > 0) == (pair.metric.direction == "higher") else "worse"
    return "tied" if equivalent else "undecided"


def stacked(scores: Array, metric: Metric) -> Array:
    """Any of the shapes that `compare_scores` takes as (n, seeds, d).

    Raises:
        ValueError: another shape.
    """
    found = np.asarray(scores, dtype=np.float64)
    if metric.level == "example" and found.ndim < 3:
        found = found[:, :, None] if found.ndim == 2 else found[:, None, None]
    elif found.ndim == 2:
        found = found[:, None, :]
    if found.ndim != 3 or 0 in found.shape[1:]:
        raise ValueError(
            f"{metric.name}: scores of shape {np.shape(scores)}; give (examples, seeds), or (examples, seeds, d) for statistics"
        )
    return found
