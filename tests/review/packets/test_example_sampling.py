"""Samples of examples: inclusion probabilities are exact, and weighted rates are unbiased."""

from __future__ import annotations

import numpy as np
import pytest
from chance import covers
from hypothesis import given
from hypothesis import strategies as st

from harness.review.packets.example_sampling import draw_uniform_sample, draw_weighted_sample, select_lowest_scores
from harness.statistics import weighted_mean


def test_weighted_sample_draws_each_example_with_its_probability() -> None:
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
def test_weighted_sample_has_the_requested_size_or_all_examples(sizes: list[float], n: int, seed: int) -> None:
    sample = draw_weighted_sample(sizes, n, np.random.default_rng(seed))
    assert len(sample.positions) == len(set(sample.positions)) == min(n, len(sizes))
    assert list(sample.positions) == sorted(sample.positions)
    assert all(0 < chance <= 1 for chance in sample.probabilities)
    if n >= len(sizes):
        assert set(sample.probabilities) == {1.0}


def test_uniform_sample_is_seeded_and_has_equal_probabilities() -> None:
    one, two = (draw_uniform_sample(100, 20, np.random.default_rng(3)) for _ in range(2))
    assert one == two and set(one.probabilities) == {0.2} and one.representative


def test_lowest_scores_are_not_representative() -> None:
    sample = select_lowest_scores([0.5, 0.1, 0.9, 0.1], 2)
    assert sample.positions == (1, 3) and not sample.representative


def test_weighted_mean_of_a_weighted_sample_is_unbiased() -> None:
    """Examples with errors are more likely to be drawn: the plain mean is far off, the weighted one is not, and its interval covers."""
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
