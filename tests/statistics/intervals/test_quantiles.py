"""Quantiles of times: intervals that hold for every distribution, and say when there are too few values."""

from __future__ import annotations

import math
import random

import pytest
from scipy.stats import binom, quantile_test

from harness.statistics import quantile, quantile_interval


@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize("n", [6, 7, 30, 72, 73, 200])
def test_interval_is_the_one_of_scipy(n: int, share: float) -> None:
    """scipy's quantile test computes the same ranks by other means; an end that does not exist is NaN there."""
    draw = random.Random(n)
    values = [draw.lognormvariate(0, 1) for _ in range(n)]
    interval = quantile_interval(values, share)
    low, high = quantile_test(values, q=0, p=share).confidence_interval(0.95)
    assert interval.low == (None if math.isnan(low) else pytest.approx(low))
    assert interval.high == (None if math.isnan(high) else pytest.approx(high))


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95])
@pytest.mark.parametrize("n", [6, 20, 72, 150])
def test_interval_covers_at_its_level_for_every_distribution(n: int, share: float) -> None:
    """Exactly: of n values, a binomial number is below the quantile, whatever their distribution."""
    ranks = list(range(1, n + 1))
    interval = quantile_interval(ranks, share)
    low, high = interval.low or 0, interval.high or n + 1
    assert binom.cdf(high - 1, n, share) - binom.cdf(low - 1, n, share) >= 0.95
    assert interval.reliable == (interval.low is not None and interval.high is not None)


@pytest.mark.parametrize(("share", "enough"), [(0.5, 6), (0.95, 72)])
def test_too_few_values_are_not_reliable(share: float, enough: int) -> None:
    assert quantile_interval(range(enough), share).reliable
    few = quantile_interval(range(enough - 1), share)
    assert not few.reliable and few.high is None and "too few" in few.reason
    assert not quantile_interval([], share).reliable


def test_quantiles_lie_within_the_values() -> None:
    assert quantile([2.0], 0.95) == 2.0
    assert quantile([1.0, 3.0], 0.5) == 2.0
    assert quantile([1.0, 2.0, 9.0], 0.95) == 9.0


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_ends_are_no_quantiles(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile_interval([1.0], share)
