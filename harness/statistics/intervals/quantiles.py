"""Quantiles of measured times, with intervals that assume nothing about their distribution."""

from __future__ import annotations

from collections.abc import Sequence

from harness.statistics.intervals.interval import Basis, Interval, no_interval


def quantile(values: Sequence[float], share: float) -> float:
    """The quantile of a sample of at least one value, about median-unbiased for every distribution (Hyndman & Fan 1996, type 8)."""
    import numpy as np

    return float(np.quantile(np.asarray(values, dtype=np.float64), share, method="median_unbiased"))


def quantile_interval(values: Sequence[float], share: float, confidence: float = 0.95) -> Interval:
    """The interval of a quantile between two of the sorted values (Hahn & Meeker 1991, Statistical Intervals, section 5.2).

    Of n independent values, as many are below the quantile as a binomial variable with n and `share` counts. The ends are the values at
    the ranks that this variable misses with at most (1 − confidence)/2 on each side. It covers at least at its level, for any
    distribution. An end that no rank can give is None: the median needs 6 values for a 95% interval, the 95th percentile 72.

    Args:
        share: between 0 and 1, both excluded.

    Raises:
        ValueError: `share` is not between 0 and 1.
    """
    from scipy.stats import binom

    if not 0 < share < 1:
        raise ValueError(f"the share of a quantile is between 0 and 1, not {share}")
    n, tail = len(values), (1 - confidence) / 2
    if n == 0:
        return no_interval(0, 0, "no values")
    ordered = sorted(values)
    # The quantile is below the r-th value with probability P(B < r), and above it with P(B >= r).
    low_ranks = [r for r in range(1, n + 1) if binom.cdf(r - 1, n, share) <= tail]
    high_ranks = [r for r in range(1, n + 1) if binom.sf(r - 1, n, share) <= tail]
    low = ordered[low_ranks[-1] - 1] if low_ranks else None
    high = ordered[high_ranks[0] - 1] if high_ranks else None
    basis = Basis(n, n, f"order statistics, n={n}")
    return basis.require(low is not None and high is not None, f"{n} values are too few for this quantile").interval(low, high)
