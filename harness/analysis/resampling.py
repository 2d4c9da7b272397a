"""Bootstrap resamples of rows or of whole clusters, as weights, so that additive statistics are resampled by a matrix product."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.analysis.clusters import cluster_sums

Array: TypeAlias = NDArray[np.float64]
Aggregate: TypeAlias = Callable[[Array, Array], Array]  # totals (…, d) and numbers of rows (…) → scores (…)

_CELLS = 2_000_000  # of the weight matrix that are held at once: 16 MB


def resampled_totals(stats: Array, cluster: NDArray[np.int64] | None, resamples: int, seed: int) -> tuple[Array, Array]:
    """Totals (resamples, d) and numbers of rows (resamples,) of bootstrap resamples of the rows of `stats` (n, d).

    With clusters, G clusters are drawn with replacement out of the G and bring all their rows along (Field & Welsh 2007,
    "Bootstrapping clustered data"), so the number of rows differs between resamples.
    """
    sums, sizes = cluster_sums(stats, cluster)
    count = len(sizes)
    rng = np.random.default_rng(seed)
    totals, numbers = np.empty((resamples, stats.shape[1])), np.empty(resamples)
    step = max(1, _CELLS // count)
    for start in range(0, resamples, step):
        stop = min(start + step, resamples)
        weights = _weights(rng, stop - start, count)
        totals[start:stop] = weights @ sums
        numbers[start:stop] = weights @ sizes
    return totals, numbers


def _weights(rng: np.random.Generator, resamples: int, count: int) -> Array:
    """How often each of `count` units is drawn in each resample: multinomial, (resamples, count). Counting draws is the fast way."""
    drawn = rng.integers(count, size=(resamples, count)) + np.arange(resamples)[:, None] * count
    return np.bincount(drawn.ravel(), minlength=resamples * count).reshape(resamples, count).astype(np.float64)
