"""Exposure of canaries, checked against its definition."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from harness.statistics import chance_exposure, exposure, highest_exposure, is_censored


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
