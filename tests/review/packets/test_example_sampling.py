"""Which rows are drawn: every row has the chance that stands beside it, and rates stay unbiased."""

from __future__ import annotations

import numpy as np
import pytest
from chance import covers
from hypothesis import given
from hypothesis import strategies as st

from harness.review.packets.example_sampling import draw_uniform_sample, draw_weighted_sample, select_lowest_scores
from harness.statistics import weighted_mean


def test_every_row_comes_as_often_as_its_chance_says() -> None:
    sizes, times = np.arange(40) % 7, 4000
    seen, chances = np.zeros(40), np.zeros(40)
    for seed in range(times):
        sample = draw_weighted_sample(sizes, 10, np.random.default_rng(seed))
        assert len(set(sample.positions)) == 10
        seen[list(sample.positions)] += 1
        chances[list(sample.positions)] = sample.probabilities
    assert chances.min() > 0 and chances.max() / chances.min() == pytest.approx(8)
    assert chances.sum() == pytest.approx(10)
    error = np.sqrt(chances * (1 - chances) / times)
    assert (np.abs(seen / times - chances) < 4.5 * error).all()


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60), st.integers(1, 80), st.integers(0, 9))
def test_a_draw_weighted_sample_has_as_many_rows_as_asked_for_or_all(sizes: list[float], n: int, seed: int) -> None:
    sample = draw_weighted_sample(sizes, n, np.random.default_rng(seed))
    assert len(sample.positions) == len(set(sample.positions)) == min(n, len(sizes))
    assert list(sample.positions) == sorted(sample.positions)
    assert all(0 < chance <= 1 for chance in sample.probabilities)
    if n >= len(sizes):
        assert set(sample.probabilities) == {1.0}


def test_uniform_sample_is_seeded_and_has_equal_probabilities() -> None:
    one, two = (draw_uniform_sample(100, 20, np.random.default_rng(3)) for _ in range(2))
    assert one == two and set(one.probabilities) == {0.2} and one.representative


def test_the_hardest_say_nothing_about_the_others() -> None:
    sample = select_lowest_scores([0.5, 0.1, 0.9, 0.1], 2)
    assert sample.positions == (1, 3) and not sample.representative


def test_the_rate_of_a_sample_that_favours_errors_is_that_of_all_rows() -> None:
    """Rows with errors are likelier to be drawn; the plain mean is far off, the weighted one is not, and its interval holds."""
    rng, times, held, plain = np.random.default_rng(0), 800, 0, []
    truth = rng.random(500) < 0.15
    doubt = truth + rng.normal(0, 0.7, 500)  # what the draw goes by
    for seed in range(times):
        sample = draw_weighted_sample(doubt, 80, np.random.default_rng(seed))
        values = truth[list(sample.positions)].astype(float)
        _, interval = weighted_mean(values, np.array(sample.probabilities))
        plain.append(values.mean())
        assert interval.low is not None and interval.high is not None
        held += interval.low <= truth.mean() <= interval.high
    assert np.mean(plain) > truth.mean() + 0.05
    assert covers(held / times, times, low=0.92, high=0.99)  # on the safe side: drawn without replacement
