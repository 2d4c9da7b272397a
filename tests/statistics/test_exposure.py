"""Exposure of canaries, checked against its definition."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from harness.statistics import chance_exposure, difference_of_gains, exposure, highest_exposure, is_censored


@pytest.mark.parametrize("candidates", [2, 16, 256, 4096])
def test_exposure_is_the_definition_of_carlini(candidates: int) -> None:
    """The negative base-2 logarithm of the share of candidates that are at least as likely."""
    draw = random.Random(candidates)
    for rank in {1, candidates, draw.randint(1, candidates)}:
        assert exposure(rank, candidates) == pytest.approx(-math.log2(rank / candidates))
    assert exposure(candidates, candidates) == 0
    assert highest_exposure(candidates) == pytest.approx(math.log2(candidates))


def test_a_secret_that_was_never_seen_has_the_chance_exposure() -> None:
    ranks = np.random.default_rng(5).integers(1, 257, size=200_000)
    assert chance_exposure(256) == pytest.approx(float(np.mean(8 - np.log2(ranks))), abs=0.02)
    assert chance_exposure(1 << 16) == pytest.approx(math.log2(math.e), abs=0.01)


def test_only_the_most_likely_secret_is_censored() -> None:
    ranks = np.array([[1.0, 1.5], [2.0, 256.0]])
    exposures = np.vectorize(lambda rank: exposure(rank, 256))(ranks)
    assert is_censored(exposures, np.full((2, 2), 256)).tolist() == [[True, False], [False, False]]


@pytest.mark.parametrize("rank", [0, 0.5, 257, math.nan])
def test_impossible_ranks_are_refused(rank: float) -> None:
    with pytest.raises(ValueError, match="among 256 candidates"):
        exposure(rank, 256)


def test_a_gain_on_both_samples_is_skill_and_a_gain_on_one_is_memory() -> None:
    draw = np.random.default_rng(3)
    skill = difference_of_gains(draw.poisson(4, 32).astype(float), draw.poisson(4, 32).astype(float))
    memory = difference_of_gains(draw.poisson(9, 32).astype(float), draw.poisson(4, 32).astype(float))
    assert skill.low is not None and skill.high is not None and skill.low < 0 < skill.high
    assert memory.low is not None and memory.low > 0 and memory.reliable


@pytest.mark.soak
def test_the_interval_of_a_difference_of_gains_covers() -> None:
    draw = np.random.default_rng(7)
    covered = 0
    for _ in range(2000):
        score = difference_of_gains(draw.poisson(5, 32).astype(float), draw.poisson(2, 32).astype(float))
        assert score.low is not None and score.high is not None
        covered += score.low <= 3 <= score.high
    assert 0.93 <= covered / 2000 <= 0.975


def test_it_agrees_with_scipys_welch_interval_within_a_few_percent() -> None:
    from scipy.stats import ttest_ind

    draw = np.random.default_rng(1)
    first, second = draw.normal(3, 2, 32), draw.normal(1, 1, 32)
    welch = ttest_ind(first, second, equal_var=False).confidence_interval()
    ours = difference_of_gains(first, second)
    assert ours.low is not None and ours.high is not None
    assert ours.high - ours.low == pytest.approx(welch.high - welch.low, rel=0.08)


def test_without_examples_nothing_is_said() -> None:
    assert difference_of_gains(np.array([]), np.array([1.0])).value is None
    assert difference_of_gains(np.array([2.0]), np.array([1.0])).low is None
