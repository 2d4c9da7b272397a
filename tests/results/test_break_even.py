"""From which volume on an own model costs less than a hosted one."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results import BreakEven, CostRange, UseAmounts
from harness.results.break_even import find_break_even
from harness.types import ReplacementSpec

FREE = ReplacementSpec(hours=0, utilisation=1, months=1)
PEOPLE = ReplacementSpec(review_minutes=6, reviewer_price=30)
CENTS = st.integers(0, 5000).map(lambda cents: cents / 100)


def hosted(each: float, rejected: float | None = None) -> UseAmounts:
    return UseAmounts(0.0, 0.0, each, rejected)


def test_a_device_that_is_always_on_pays_from_the_volume_whose_answers_cost_as_much() -> None:
    """730 hours at 1.00 and a training of 1,200 a year, against 2 cents an answer."""
    assert find_break_even(UseAmounts(100.0, 730.0, 0.001, None), hosted(0.02), ReplacementSpec()) == BreakEven("from", 41_500)


def test_more_answers_than_the_device_gives_for_its_price_cost_more() -> None:
    """From 10 answers on the device is busy; each then costs 9 instead of 10, so that the 45 for training need 45 answers."""
    own = UseAmounts(45.0, 90.0, 9.0, None)
    found = find_break_even(own, hosted(10.0), FREE)
    assert found == BreakEven("from", 45)
    assert own.monthly(45, FREE) == hosted(10.0).monthly(45, FREE) and own.monthly(44, FREE) > hosted(10.0).monthly(44, FREE)


@pytest.mark.parametrize(
    ("own", "other", "code"),
    [
        (UseAmounts(0.0, 0.0, 1.0, None), hosted(2.0), "always"),
        (UseAmounts(0.0, 0.0, 1.0, None), hosted(1.0), "always"),
        (UseAmounts(1.0, 0.0, 1.0, None), hosted(1.0), "never"),
        (UseAmounts(0.0, 0.0, 2.0, None), hosted(1.0), "never"),
        (UseAmounts(0.0, 5.0, 0.0, None), hosted(0.0), "never"),
        (None, hosted(1.0), "unknown"),
        (UseAmounts(0.0, 0.0, 1.0, None), None, "unknown"),
    ],
)
def test_some_models_are_cheaper_at_any_volume_and_some_never(own: UseAmounts | None, other: UseAmounts | None, code: str) -> None:
    assert find_break_even(own, other, FREE) == BreakEven(code)  # type: ignore[arg-type]


@given(CENTS, CENTS, CENTS, CENTS, CENTS, st.sampled_from([None, 0.0, 0.1, 0.9]), st.sampled_from([None, 0.0, 0.1, 0.9]))
def test_own_costs_less_from_the_volume_on_and_more_before(
    once: float, least: float, each: float, charged: float, price: float, mine: float | None, theirs: float | None
) -> None:
    own, other = UseAmounts(once, least, each, mine, charged), hosted(price, theirs)
    found = find_break_even(own, other, PEOPLE)

    def gain(volume: float) -> float:
        return other.monthly(volume, PEOPLE, reviewed=found.reviewed) - own.monthly(volume, PEOPLE, reviewed=found.reviewed)

    if found.code == "never":
        assert all(gain(10.0**power) <= 1e-6 for power in range(5, 13)) or gain(10.0**12) < 0
    else:
        start = found.volume or 0
        assert all(gain(volume) >= -1e-6 for volume in (start, start + 1, 2 * start + 7, 10.0**12))
        assert start == 0 or gain(start - 1) < 1e-6


def test_what_a_cascade_passes_on_is_paid_by_the_output_beside_a_device_that_is_on() -> None:
    """Half of the answers are passed on at 2 cents: each saves 1 cent, and the device costs 730."""
    cascade = UseAmounts(0.0, 730.0, 0.0, None, charged=0.01)
    assert find_break_even(cascade, hosted(0.02), ReplacementSpec()) == BreakEven("from", 73_000)
    assert cascade.monthly(73_000, ReplacementSpec()) == pytest.approx(1460)


def test_people_count_only_where_it_is_known_which_outputs_are_acceptable() -> None:
    own, other = UseAmounts(0.0, 730.0, 0.0, 0.1), hosted(0.5, 0.2)
    assert find_break_even(own, hosted(0.5), PEOPLE) == BreakEven("from", 1460)
    assert find_break_even(own, other, PEOPLE) == BreakEven("from", 913, reviewed=True)  # 0.3 more for each output: 10% fewer corrections


def test_the_range_is_that_of_the_shares_and_open_where_it_may_never_pay() -> None:
    own, other = UseAmounts(0.0, 730.0, 0.0, 0.1), hosted(0.5, 0.2)
    known = find_break_even(replace(own, rejected_range=(0.05, 0.15)), replace(other, rejected_range=(0.15, 0.25)), PEOPLE)
    assert (known.low, known.volume, known.high) == (664, 913, 1460)
    doubtful = find_break_even(replace(own, rejected_range=(0.05, 0.6)), other, PEOPLE)
    assert (doubtful.low, doubtful.high) == (769, None)


def test_the_range_of_a_price_is_one_of_the_volume_also_without_people() -> None:
    """730 for the device: 2 cents an answer, which may be 1.6 or 2.5."""
    other = replace(hosted(0.02), range=CostRange(each=(0.8, 1.25)))
    assert find_break_even(UseAmounts(0.0, 730.0, 0.0, None), other, ReplacementSpec()) == BreakEven("from", 36_500, 29_200, 45_625)
    busy = UseAmounts(100.0, 0.0, 0.018, None, range=CostRange(each=(0.9, 1.2)))
    found = find_break_even(busy, hosted(0.02), FREE)  # an own answer may cost 2.16 cents, which never pays
    assert (found.low, found.volume, found.high) == (26_316, 50_000, None)


@given(CENTS, CENTS, CENTS, CENTS, st.floats(0.5, 1.0), st.floats(1.0, 2.0), st.floats(0.5, 1.0), st.floats(1.0, 2.0))
def test_every_cost_within_the_ranges_has_its_break_even_within_the_range(
    once: float, least: float, each: float, price: float, low: float, high: float, cheap: float, dear: float
) -> None:
    own = UseAmounts(once, least, each, None, charged=each / 10, range=CostRange((low, high), (low, high)))
    other = replace(hosted(price), range=CostRange(each=(cheap, dear)))
    found = find_break_even(own, other, FREE)
    for mine, theirs in product((low, 1.0, (low + high) / 2, high), (cheap, 1.0, dear)):
        inner = find_break_even(
            UseAmounts(once, least, each * mine, None, each * mine / 10), hosted(price * theirs), FREE
        )  # fmt: skip
        if found.high is not None:
            assert inner.code != "never" and (inner.volume or 0) <= found.high
        if inner.code == "from" and found.low is not None:
            assert (inner.volume or 0) >= found.low
