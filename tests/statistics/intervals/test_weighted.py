"""Means and proportions of examples that were sampled with unequal probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from chance import at_most, covers

from harness.statistics import clopper_pearson_interval, mean_interval, weighted_mean, weighted_share


def test_equal_probabilities_give_a_plain_mean() -> None:
    values = np.random.default_rng(0).normal(size=40)
    mean, interval = weighted_mean(values, np.full(40, 0.3))
    assert mean == pytest.approx(values.mean()) and interval == mean_interval(values)


def test_examples_are_weighted_by_inverse_probability() -> None:
    mean, _ = weighted_mean(np.array([1.0] * 10 + [0.0] * 10), np.array([1.0] * 10 + [0.1] * 10))
    assert mean == pytest.approx(10 / 110)


def test_independent_examples_with_equal_probabilities_have_the_clopper_pearson_interval() -> None:
    values = np.array([1.0] * 7 + [0.0] * 53)
    share, interval = weighted_share(values, np.full(60, 0.5))
    exact = clopper_pearson_interval(7, 60)
    assert share == pytest.approx(7 / 60)
    assert interval.low == pytest.approx(exact.low, abs=0.004) and interval.high == pytest.approx(exact.high, abs=0.004)
    none, of_none = weighted_share(np.zeros(60), np.full(60, 0.5))
    assert none == 0 and of_none.high == pytest.approx(clopper_pearson_interval(0, 60).high)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("grouped", [False, True])
def test_proportions_are_covered_with_groups_and_unequal_probabilities(share: float, grouped: bool) -> None:
    rng, times, held = np.random.default_rng(int(100 * share) + grouped), 1500, 0
    for _ in range(times):
        groups = np.repeat(np.arange(40), 3)
        luck = rng.random(40)[groups] if grouped else rng.random(120)
        values = (luck < share).astype(float)
        probabilities = rng.uniform(0.1, 0.8, 120)
        _, interval = weighted_share(values, probabilities, groups.tolist() if grouped else None)
        assert interval.low is not None and interval.high is not None
        held += interval.low <= share <= interval.high
    assert at_most(0.07, 1 - held / times, times)  # exact intervals are on the safe side


@pytest.mark.parametrize(("n", "share"), [(50, 0.1), (100, 0.05)])
def test_proportions_are_covered_where_errors_are_on_rarely_sampled_examples(n: int, share: float) -> None:
    """1,000 examples, half of them sampled eight times as often; all errors are on the others."""
    from harness.review.packets.example_sampling import draw_weighted_sample

    rng, times, held = np.random.default_rng(n), 800, 0
    favour = [float(i % 2) for i in range(1000)]
    wrong = np.zeros(1000)
    wrong[np.arange(0, 1000, 2)[: int(1000 * share)]] = 1.0
    for _ in range(times):
        drawn = draw_weighted_sample(favour, n, rng)
        _, interval = weighted_share(wrong[list(drawn.positions)], np.array(drawn.probabilities))
        assert interval.low is not None and interval.high is not None
        held += interval.low <= share <= interval.high
    assert at_most(0.07, 1 - held / times, times)


def test_means_are_covered_with_unequal_probabilities() -> None:
    rng, times, held = np.random.default_rng(5), 2000, 0
    for _ in range(times):
        values, probabilities = rng.normal(3, 2, 80), rng.uniform(0.05, 0.9, 80)
        _, interval = weighted_mean(values, probabilities)
        assert interval.low is not None and interval.high is not None
        held += interval.low <= 3 <= interval.high
    assert covers(held / times, times)


@pytest.mark.parametrize(("values", "probabilities"), [([], []), ([1.0], [0.0]), ([1.0, 2.0], [0.5])])
def test_invalid_probabilities_and_values_are_refused(values: list[float], probabilities: list[float]) -> None:
    with pytest.raises(ValueError, match="probabilities"):
        weighted_mean(np.array(values), np.array(probabilities))
    with pytest.raises(ValueError, match="0 or 1"):
        weighted_share(np.array([0.5]), np.array([0.5]))
