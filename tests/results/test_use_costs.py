"""What strategies cost in use: a month, per acceptable output, and when training has paid for itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.results import StrategyCosts, compute_payback, compute_use_costs
from harness.types import Score

BASE = StrategyCosts(
    phases={}, phase_prices={}, training_seconds=0.0, training_price=0.0, answer_seconds=0.5, thousand_price=2.0, total_seconds=50.0,
    total_price=0.2, currency="USD", tokens_per_second=None, device_share=None, peak_allocated=None, peak_reserved=None, cells=1,
)  # fmt: skip
TUNED = replace(BASE, training_seconds=3600.0, training_price=10.0, answer_seconds=0.3, thousand_price=1.5)
HALF = Score(0.5, 0.4, 0.8, 60, "Wilson", 0)


def test_a_month_costs_the_volume_times_an_output() -> None:
    use = compute_use_costs(TUNED, 200_000, acceptable=None, baseline=None)
    assert (use.monthly_price, use.monthly_seconds) == (pytest.approx(300.0), pytest.approx(60_000.0))
    assert (use.acceptable_price, use.payback) == (None, None)


def test_an_acceptable_output_bears_the_price_of_those_that_are_not() -> None:
    """At 0.0015 an output, of which half are acceptable; the limits are those of the share, the other way round."""
    use = compute_use_costs(TUNED, 1, acceptable=HALF, baseline=None)
    assert (use.acceptable_price, use.acceptable_low, use.acceptable_high) == pytest.approx((0.003, 0.001875, 0.00375))


def test_where_no_output_may_be_acceptable_there_is_no_upper_end() -> None:
    use = compute_use_costs(TUNED, 1, acceptable=replace(HALF, low=0.0), baseline=None)
    assert use.acceptable_high is None and use.acceptable_low is not None
    none = compute_use_costs(TUNED, 1, acceptable=replace(HALF, value=0.0, low=0.0), baseline=None)
    assert (none.acceptable_price, none.acceptable_low, none.acceptable_high) == (None, None, None)


def test_unknown_prices_give_unknown_costs() -> None:
    unpriced = replace(TUNED, thousand_price=None)
    use = compute_use_costs(unpriced, 100, acceptable=HALF, baseline=None)
    assert (use.monthly_price, use.acceptable_price, use.monthly_seconds) == (None, None, pytest.approx(30.0))


def test_training_pays_for_itself_after_so_many_outputs() -> None:
    """10 more once, 0.0005 less for each: 20,000 outputs."""
    payback = compute_payback(TUNED, BASE)
    assert (payback.code, payback.outputs) == ("after", 20_000)
    assert compute_payback(replace(TUNED, thousand_price=2.0), BASE).code == "never", "outputs cost as much"
    assert compute_payback(replace(TUNED, thousand_price=2.5), BASE).code == "never", "outputs cost more"
    assert compute_payback(replace(TUNED, training_price=0.0), BASE).code == "at_once"


def test_a_search_is_paid_once_like_the_training() -> None:
    searched = replace(TUNED, search_price=TUNED.training_price)
    assert compute_payback(searched, BASE).outputs == 40_000
    by_time = replace(TUNED, training_price=None, search_price=None, search_seconds=TUNED.training_seconds or 0.0)
    assert compute_payback(by_time, replace(BASE, training_price=None)).outputs == 36_000


def test_without_prices_the_payback_is_that_of_seconds() -> None:
    own, base = replace(TUNED, training_price=None, thousand_price=None), replace(BASE, training_price=None, thousand_price=None)
    assert compute_payback(own, base).outputs == 18_000
    assert compute_payback(replace(own, training_seconds=None), base).code == "unknown"
