"""Bootstrap resamples of rows or of whole clusters, as weights, so that additive statistics are resampled by a matrix product."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.clusters import cluster_sums

Array: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.uint16]
Aggregate: TypeAlias = Callable[[Array, Array], Array]  # totals (…, d) and numbers of rows (…) → scores (…)

if TYPE_CHECKING:
    from harness.types import Metric

_CELLS = 2_000_000  # of the weight matrix that are held at once: 16 MB
_MOST_DRAWN = 256  # scores of one seed in all resamples that are kept: 4 MB
_DRAWN: dict[tuple[object, ...], Array] = {}
_TOTALS: dict[tuple[object, ...], tuple[Array, Array]] = {}  # those of the latest rows: the metrics of a family share them
_MOST_KEPT = 30_000_000  # draws that are kept for the next score: 60 MB


def seen_scores(metric: Metric, stack: Array) -> Array:
    """The score of each seed, (seeds,), from statistics (n, seeds, d), n at least 1."""
    n, seeds, _ = stack.shape
    if metric.level == "rows":
        return np.array([metric.aggregate(stack[:, k], np.ones((1, n)))[0] for k in range(seeds)])
    return metric.aggregate(stack.sum(axis=0), np.full(seeds, float(n)))


def resampled_scores(metric: Metric, stack: Array, cluster: NDArray[np.int64] | None, resamples: int, seed: int) -> Array:
    """The score of each seed in each resample, (resamples, seeds), from statistics (n, seeds, d): the same rows for all seeds.

    What a report says of a strategy (its score, its differences, the recommendation, kept quality) rests on the same resamples of the same
    rows, so the latest are kept, by the content of the rows.
    """
    how = (None if cluster is None else _digest(cluster), resamples, seed)
    rows = [(*how, stack.shape[2], _digest(_told_apart(stack[:, k]))) for k in range(stack.shape[1])]
    keys = [(metric.aggregate, metric.level, *key) for key in rows]
    fresh = [k for k, key in enumerate(keys) if key not in _DRAWN]
    if fresh:
        some = stack if len(fresh) == len(keys) else stack[:, fresh]
        made = _resampled(metric, some, cluster, resamples, seed, tuple(rows[k] for k in fresh))
        _DRAWN.update((keys[k], made[:, place]) for place, k in enumerate(fresh))
    found = np.stack([_DRAWN[key] for key in keys], axis=1)
    for key in keys:
        _DRAWN[key] = _DRAWN.pop(key)  # the latest stand last
    while len(_DRAWN) > _MOST_DRAWN:
        del _DRAWN[next(iter(_DRAWN))]
    return found


def _told_apart(rows: Array) -> Array:
    """A number for each row (n, d) → (n,), on which rows that differ differ, too: their product with one fixed random vector, which is
    read much faster than the rows are digested. (A row of a classifier with 77 labels has 231 numbers.)"""
    return rows @ np.random.default_rng(77).random(rows.shape[1])


def _digest(values: NDArray[Any]) -> tuple[tuple[int, ...], bytes]:
    return values.shape, hashlib.blake2b(np.ascontiguousarray(values).tobytes(), digest_size=16).digest()


def _resampled(
    metric: Metric, stack: Array, cluster: NDArray[np.int64] | None, resamples: int, seed: int, key: tuple[object, ...]
) -> Array:
    """`resampled_scores`, made; `key` stands for everything but the metric."""
    n, seeds, d = stack.shape
    if metric.level == "rows":
        scores = np.empty((resamples, seeds))
        for some, drawn in _weights(n if cluster is None else int(cluster.max()) + 1, resamples, seed):
            weights = (drawn if cluster is None else drawn[:, cluster]).astype(np.float64)  # (some, n)
            for k in range(seeds):
                scores[some, k] = metric.aggregate(stack[:, k], weights)
        return scores
    if key not in _TOTALS:
        _TOTALS.clear()
        _TOTALS[key] = resampled_totals(stack.reshape(n, seeds * d), cluster, resamples, seed)
    totals, numbers = _TOTALS[key]
    return metric.aggregate(totals.reshape(resamples, seeds, d), np.broadcast_to(numbers[:, None], (resamples, seeds)))


def resampled_totals(stats: Array, cluster: NDArray[np.int64] | None, resamples: int, seed: int) -> tuple[Array, Array]:
    """Totals (resamples, d) and numbers of rows (resamples,) of bootstrap resamples of the rows of `stats` (n, d).

    With clusters, G clusters are drawn with replacement out of the G and bring all their rows along (Field & Welsh 2007,
    "Bootstrapping clustered data"), so the number of rows differs between resamples.
    """
    sums, sizes = cluster_sums(stats, cluster)
    columns = _columns(sums)
    totals, numbers = np.empty((resamples, stats.shape[1])), np.empty(resamples)
    for rows, drawn in _weights(len(sizes), resamples, seed):
        weights = drawn.astype(np.float64)
        totals[rows] = (columns @ weights.T).T
        numbers[rows] = weights @ sizes
    return totals, numbers


def _columns(sums: Array) -> Any:
    """The statistics (d, n), sparse where that is faster: of the 231 numbers of a row of a classifier with 77 labels 3 are not 0."""
    if sums.shape[1] < 32 or np.count_nonzero(sums) > sums.size / 20:
        return sums.T
    from scipy.sparse import csr_array

    return csr_array(sums.T)


def _weights(count: int, resamples: int, seed: int) -> Iterable[tuple[slice, Counts]]:
    """How often each of `count` units is drawn in each resample, multinomial, some resamples at a time.

    All scores of a task rest on the same draws, so these are kept where they are not too many.
    """
    return _kept(count, resamples, seed) if resamples * count <= _MOST_KEPT else _made(count, resamples, seed)


@lru_cache(maxsize=2)
def _kept(count: int, resamples: int, seed: int) -> tuple[tuple[slice, Counts], ...]:
    return tuple(_made(count, resamples, seed))


def _made(count: int, resamples: int, seed: int) -> Iterator[tuple[slice, Counts]]:
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // count)
    for start in range(0, resamples, step):
        stop = min(start + step, resamples)
        drawn = rng.integers(count, size=(stop - start, count)) + np.arange(stop - start)[:, None] * count
        # Counting draws is the fast way. One unit drawn more than 65,535 times in as many draws: never.
        times = np.bincount(drawn.ravel(), minlength=(stop - start) * count)
        yield slice(start, stop), times.reshape(stop - start, count).astype(np.uint16)
