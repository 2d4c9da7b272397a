"""From which volume on an own model costs less than a hosted one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.results import BreakEven, UseAmounts
from harness.results.break_even import find_break_even
from harness.types import ReplacementSpec, Score

FREE = ReplacementSpec(hours=0, utilisation=1, months=1)
PEOPLE = ReplacementSpec(review_minutes=6, reviewer_price=30)
CENTS = st.integers(0, 5000).map(lambda cents: cents / 100)


def hosted(each: float, rejected: float | None = None) -> UseAmounts:
    return UseAmounts(0.0, 0.0, each, rejected)


def share(value: float, low: float | None = None, high: float | None = None) -> Score:
    return Score(value, low, high, n=100, method="made")


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
    found = find_break_even(own, other, PEOPLE, acceptable=(None, None))

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
    known = find_break_even(own, other, PEOPLE, acceptable=(share(0.9, 0.85, 0.95), share(0.8, 0.75, 0.85)))
    assert (known.low, known.volume, known.high) == (664, 913, 1460)
    doubtful = find_break_even(own, other, PEOPLE, acceptable=(share(0.9, 0.4, 0.95), share(0.8)))
    assert (doubtful.low, doubtful.high) == (769, None)
