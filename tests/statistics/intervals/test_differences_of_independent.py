"""The difference of two independent estimates, compared with statsmodels."""

from __future__ import annotations

import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from harness.statistics import Interval, difference_of_independent, proportion_interval


def wilson(successes: int, n: int) -> Interval:
    low, high = proportion_confint(successes, n, method="wilson")
    return Interval(float(low), float(high), n, n, "Wilson", reliable=True)


@pytest.mark.parametrize(("before", "after"), [((48, 80), (56, 70)), ((3, 98), (9, 70)), ((0, 40), (0, 60)), ((40, 40), (55, 60))])
def test_two_shares_with_wilsons_limits_have_newcombes_interval(before: tuple[int, int], after: tuple[int, int]) -> None:
    result = difference_of_independent(before[0] / before[1], wilson(*before), after[0] / after[1], wilson(*after))
    low, high = confint_proportions_2indep(*after, *before, method="newcomb", compare="diff")
    assert (result.low, result.high) == pytest.approx((low, high), abs=1e-9)
    assert result.n == before[1] + after[1]


def test_it_is_as_reliable_as_both_intervals() -> None:
    few, many = proportion_interval(3, 20), proportion_interval(30, 200)
    assert difference_of_independent(0.15, many, 0.15, many).reliable
    result = difference_of_independent(0.15, few, 0.15, many)
    assert not result.reliable and result.reason == "fewer than 30 examples"


def test_a_side_without_an_interval_has_no_difference() -> None:
    result = difference_of_independent(0.0, proportion_interval(0, 0), 0.5, proportion_interval(5, 10))
    assert (result.low, result.high, result.reliable, result.reason) == (None, None, False, "no examples")
