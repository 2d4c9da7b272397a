"""How many ratings show a result, alone and with a score, and which sample needs fewer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from assisted_world import FIVE, World

from harness.statistics import favoured_sample_factor, ratings_needed


def test_a_win_rate_takes_as_many_ratings_as_textbooks_say() -> None:
    """(1.96 + 0.84)² σ²/δ², and two more for t."""
    assert ratings_needed(0.15, np.sqrt(0.65 * 0.35), 10_000) == pytest.approx(2.8016**2 * 0.65 * 0.35 / 0.15**2 + 2, abs=1)


def test_a_score_that_explains_half_nearly_halves_them() -> None:
    alone, helped = (ratings_needed(0.1, 0.5, 10_000, explained=share) for share in (0.0, 0.5))
    assert alone is not None and helped is not None and 0.5 * alone < helped < 0.56 * alone


def test_a_small_test_set_limits_what_a_score_can_do() -> None:
    assert ratings_needed(0.1, 0.5, 150) is None and ratings_needed(0.1, 0.5, 150, explained=0.9) is None  # 199 examples are needed
    in_few, in_many = (ratings_needed(0.1, 0.5, size, explained=0.5) for size in (250, 5000))
    assert in_few is not None and in_many is not None and in_few > in_many + 30


def power_of(world: World, n: int, value: float, times: int) -> float:
    """How often the interval with a score excludes the value."""
    rng, shown = np.random.default_rng(n), 0
    for _ in range(times):
        alone, assisted = world.simulate(n, rng)
        interval = assisted.interval or alone
        assert interval.low is not None and interval.high is not None
        shown += not interval.low <= value <= interval.high
    return shown / times


@pytest.mark.soak
@pytest.mark.parametrize(("difference", "worth", "explained"), [(0.4, 0.0, 0.0), (0.4, 0.8, 0.56), (0.3, 0.8, 0.56), (0.3, 0.6, 0.3)])
def test_planned_ratings_have_the_planned_power(difference: float, worth: float, explained: float) -> None:
    spread = 1.198  # of a scale of five answers, as simulated
    n = ratings_needed(difference, spread, 400, explained=explained)
    assert n is not None
    found = power_of(replace(FIVE, worth=worth), n, FIVE.truth - difference, 1500)
    print(f"difference={difference} worth={worth}: n={n}, power {found:.3f}")
    assert 0.74 <= found <= 0.88


def test_a_sample_that_favours_where_ratings_vary_needs_fewer() -> None:
    rng = np.random.default_rng(8)
    score = np.arange(400.0)
    ratings = 3 + np.where(score < 120, 2.0, 0.1) * rng.normal(size=400)
    rated = np.sort(rng.choice(400, 100, replace=False))
    low = np.where(score < 120, 0.4, 0.1)
    factors = [
        favoured_sample_factor(ratings[rated], rated, score[:, None], np.full(100, 0.25), [None] * 400, planned)
        for planned in (low, low[::-1], np.full(400, 0.3))
    ]
    assert factors[0] < 0.7 and factors[1] > 1.3 and factors[2] == pytest.approx(1.0)
    none = favoured_sample_factor(np.full(100, 3.0), rated, score[:, None], np.full(100, 0.25), [None] * 400, low)
    assert none == pytest.approx(np.mean(low) * np.mean(1 / low))
