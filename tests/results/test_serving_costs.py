"""What an answer costs alone and in the best batch, computed from the times."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_factory import measured

from harness.results import compute_serving_costs


def test_prices_follow_from_times_and_the_price_of_an_hour() -> None:
    (costs,) = compute_serving_costs(measured(1.0, 3.0, 2.0, batches={2: 2.0, 4: 2.0, 8: 5.0}))
    assert (costs.median.seconds, costs.answers) == (2.0, 3)
    assert costs.alone_thousand_price == pytest.approx(1000 * 2.0 / 3600 * 0.09)
    assert costs.alone_tokens_per_second == pytest.approx(14 / 2.0)
    assert (costs.best_batch, costs.best_per_second) == (4, 2.0)
    assert costs.best_thousand_price == pytest.approx(1000 / 2.0 / 3600 * 0.09)
    assert costs.best_tokens_per_second == pytest.approx(28.0)
    assert costs.first_token is not None and costs.first_token.seconds == pytest.approx(0.2)


def test_without_a_faster_batch_the_best_one_is_a_single_answer() -> None:
    (costs,) = compute_serving_costs(measured(1.0, batches={2: 4.0}))
    assert (costs.best_batch, costs.best_per_second) == (1, 1.0)
    assert costs.best_thousand_price == costs.alone_thousand_price


def test_few_answers_have_no_interval_and_many_have() -> None:
    (few,) = compute_serving_costs(measured(1.0, 2.0))
    assert not few.median.interval.reliable and not few.percentile_95.interval.reliable
    (some,) = compute_serving_costs(measured(*(1 + i / 10 for i in range(20))))
    assert some.median.interval.reliable and not some.percentile_95.interval.reliable
    (many,) = compute_serving_costs(measured(*(1 + i / 100 for i in range(100))))
    assert many.percentile_95.interval.reliable and many.percentile_95.interval.high is not None


def test_answers_that_are_chosen_have_no_tokens() -> None:
    (costs,) = compute_serving_costs(measured(1.0, writes=False, batches={2: 1.0}))
    assert (costs.first_token, costs.alone_tokens_per_second, costs.best_tokens_per_second) == (None, None, None)


def test_an_unknown_price_stays_unknown() -> None:
    (costs,) = compute_serving_costs(replace(measured(1.0, batches={2: 1.0}), per_hour=None))
    assert (costs.alone_thousand_price, costs.best_thousand_price) == (None, None)


def test_a_process_that_waited_for_a_core_was_disturbed_but_a_gpu_is_no_core() -> None:
    busy = measured(1.0, waited=0.4)
    (costs,) = compute_serving_costs(busy)
    assert costs.was_disturbed and costs.waited == pytest.approx(0.4)
    (on_gpu,) = compute_serving_costs(replace(busy, device_kind="cuda"))
    assert not on_gpu.was_disturbed
    assert not compute_serving_costs(measured(1.0, waited=0.05))[0].was_disturbed


def test_each_form_of_the_weights_has_its_own_costs_and_a_failure_has_none() -> None:
    stored, merged = compute_serving_costs(measured(1.0, merged=0.5))
    assert (stored.form, merged.form) == ("stored", "merged")
    assert merged.median.seconds == pytest.approx(0.5)
    assert compute_serving_costs(measured(problem="does not fit")) == ()
