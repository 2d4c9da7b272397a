"""Bootstrap resamples of examples, or of whole clusters, as weights: additive statistics are then resampled by a matrix product."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.examples.clusters import cluster_sums, count_units

Array: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.uint16]
Aggregate: TypeAlias = Callable[[Array, Array], Array]  # totals (…, d) and numbers of examples (…) → scores (…)

if TYPE_CHECKING:
    from harness.types import Metric

_BATCH = 2_000_000  # weights in memory at once: 16 MB
_MOST_CACHED_SCORES = 256  # score of one seed in all resamples: 4 MB for all of them
_MOST_CACHED_DRAWS = 30_000_000  # draws kept for the next score: 60 MB
_SCORES: dict[tuple[object, ...], Array] = {}
_TOTALS: dict[tuple[object, ...], tuple[Array, Array]] = {}  # of the latest examples only: the metrics of a family share them


def observed_scores(metric: Metric, stack: Array) -> Array:
    """The score of each seed, (seeds,), from statistics (n, seeds, d), n at least 1."""
    n, seeds, _ = stack.shape
    if metric.level == "rows":
        return np.array([metric.aggregate(stack[:, k], np.ones((1, n)))[0] for k in range(seeds)])
    return metric.aggregate(stack.sum(axis=0), np.full(seeds, float(n)))


def resampled_scores(metric: Metric, stack: Array, cluster: NDArray[np.int64] | None, resamples: int, seed: int) -> Array:
    """The score of each seed in each resample, (resamples, seeds), from statistics (n, seeds, d). All seeds see the same resamples.

    A report needs the same resamples of the same examples several times (score, differences, recommendation, kept gain), so the latest
    are cached by the content of the examples.
    """
    settings = (None if cluster is None else _digest(cluster), resamples, seed)
    columns = [(*settings, stack.shape[2], _digest(_fingerprints(stack[:, k]))) for k in range(stack.shape[1])]
    keys = [(metric.aggregate, metric.level, *column) for column in columns]
    missing = [k for k, key in enumerate(keys) if key not in _SCORES]
    if missing:
        part = stack if len(missing) == len(keys) else stack[:, missing]
        computed = _compute(metric, part, cluster, resamples, seed, tuple(columns[k] for k in missing))
        _SCORES.update((keys[k], computed[:, place]) for place, k in enumerate(missing))
    scores = np.stack([_SCORES[key] for key in keys], axis=1)
    for key in keys:
        _SCORES[key] = _SCORES.pop(key)  # the most recently used come last
    while len(_SCORES) > _MOST_CACHED_SCORES:
        del _SCORES[next(iter(_SCORES))]
    return scores


def _fingerprints(statistics: Array) -> Array:
    """A number for each example, (n, d) → (n,), that differs where examples differ: the product with one fixed random vector.

    This is much faster than hashing the examples: one of a classifier with 77 labels has 231 numbers.
    """
    return statistics @ np.random.default_rng(77).random(statistics.shape[1])


def _digest(values: NDArray[Any]) -> tuple[tuple[int, ...], bytes]:
    return values.shape, hashlib.blake2b(np.ascontiguousarray(values).tobytes(), digest_size=16).digest()


def _compute(metric: Metric, stack: Array, cluster: NDArray[np.int64] | None, resamples: int, seed: int, key: tuple[object, ...]) -> Array:
    """`resampled_scores` without the cache of scores. `key` identifies everything but the metric."""
    n, seeds, d = stack.shape
    if metric.level == "rows":
        scores = np.empty((resamples, seeds))
        for part, drawn in _weights(count_units(n, cluster), resamples, seed):
            weights = (drawn if cluster is None else drawn[:, cluster]).astype(np.float64)  # (part of the resamples, n)
            for k in range(seeds):
                scores[part, k] = metric.aggregate(stack[:, k], weights)
        return scores
    if key not in _TOTALS:
        _TOTALS.clear()
        _TOTALS[key] = resampled_totals(stack.reshape(n, seeds * d), cluster, resamples, seed)
    totals, numbers = _TOTALS[key]
    return metric.aggregate(totals.reshape(resamples, seeds, d), np.broadcast_to(numbers[:, None], (resamples, seeds)))


def resampled_totals(statistics: Array, cluster: NDArray[np.int64] | None, resamples: int, seed: int) -> tuple[Array, Array]:
    """Totals (resamples, d) and numbers of examples (resamples,) of bootstrap resamples of the statistics (n, d).

    With G clusters, G are drawn with replacement and bring all their examples along (Field & Welsh 2007, "Bootstrapping clustered
    data"), so the number of examples differs between resamples.
    """
    sums, sizes = cluster_sums(statistics, cluster)
    columns = _transposed(sums)
    totals, numbers = np.empty((resamples, statistics.shape[1])), np.empty(resamples)
    for part, drawn in _weights(len(sizes), resamples, seed):
        weights = drawn.astype(np.float64)
        totals[part] = (columns @ weights.T).T
        numbers[part] = weights @ sizes
    return totals, numbers


def _transposed(sums: Array) -> Any:
    """The statistics as (d, n), sparse where that is faster: of the 231 numbers of a classifier with 77 labels, 3 are not 0."""
    if sums.shape[1] < 32 or np.count_nonzero(sums) > sums.size / 20:
        return sums.T
    from scipy.sparse import csr_array

    return csr_array(sums.T)


def _weights(count: int, resamples: int, seed: int) -> Iterable[tuple[slice, Counts]]:
    """How often each of `count` units is drawn in each resample (multinomial), one batch of resamples at a time.

    All scores of a task use the same draws, so these are cached unless they are too many.
    """
    return _cached_draws(count, resamples, seed) if resamples * count <= _MOST_CACHED_DRAWS else _draw(count, resamples, seed)


@lru_cache(maxsize=2)
def _cached_draws(count: int, resamples: int, seed: int) -> tuple[tuple[slice, Counts], ...]:
    return tuple(_draw(count, resamples, seed))


def _draw(count: int, resamples: int, seed: int) -> Iterator[tuple[slice, Counts]]:
    rng = np.random.default_rng(seed)
    step = max(1, _BATCH // count)
    for start in range(0, resamples, step):
        stop = min(start + step, resamples)
        drawn = rng.integers(count, size=(stop - start, count)) + np.arange(stop - start)[:, None] * count
        # Counting draws is faster than drawing multinomials. No unit is drawn more than 65,535 times (uint16) in practice.
        times = np.bincount(drawn.ravel(), minlength=(stop - start) * count)
        yield slice(start, stop), times.reshape(stop - start, count).astype(np.uint16)
