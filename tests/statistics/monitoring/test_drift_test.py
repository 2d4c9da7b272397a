"""The test for drift: exact p-values, bets that are fair, alarms that are rare, and changes that are found soon."""

from __future__ import annotations

import numpy as np
import pytest
from chance import at_most
from monitored_years import find_alarm, levels, normal, rare

from harness.statistics import LEVELS, DriftTest, count_levels, to_levels
from harness.statistics.monitoring.bets import log_bets
from harness.statistics.monitoring.rank_bag import rank_p_values


def test_every_bet_is_fair() -> None:
    """Each density integrates to 1."""
    middles = (np.arange(200_000) + 0.5) / 200_000
    assert np.exp(log_bets(middles)).mean(axis=0) == pytest.approx(1, abs=3e-3)


@pytest.mark.parametrize("n", [1, 7, 1203])
def test_p_values_are_ranks_among_everything_so_far(n: int) -> None:
    rng = np.random.default_rng(n)
    reference, new, uniforms = rng.integers(0, 9, 40), rng.integers(0, 9, n), rng.random(n)
    p_values, counts = rank_p_values(count_levels(reference), new, uniforms)
    seen = list(reference)
    for value, uniform, p in zip(new, uniforms, p_values, strict=True):
        seen.append(value)
        assert p == pytest.approx((sum(v > value for v in seen) + uniform * seen.count(value)) / len(seen))
    assert (counts == count_levels(np.array(seen))).all()


def test_values_beyond_the_ends_have_the_outermost_levels() -> None:
    assert to_levels(np.array([-1e300, 0.0, 0.5, 1.0, np.inf]), 0.0, 1.0).tolist() == [0, 0, LEVELS // 2, LEVELS - 1, LEVELS - 1]


@pytest.mark.parametrize(("draw", "reference"), [(normal, 30), (rare, 200), (normal, 0)])
def test_false_alarms_keep_their_level_with_a_small_reference(draw: object, reference: int) -> None:
    """At level 50%, where a mistake shows in few simulations. A reference whose mean is taken as known would alarm nearly always."""
    rng = np.random.default_rng(5)
    alarms = [find_alarm(rng, draw, reference=reference, per_day=12, days=60, alpha=0.5) is not None for _ in range(15)]  # type: ignore[arg-type]
    assert at_most(0.5, float(np.mean(alarms)), len(alarms))


@pytest.mark.parametrize(("shift", "begins", "soon"), [(2.0, 0, 3), (1.0, 40, 6), (-1.0, 40, 6)])
def test_a_shift_is_found_soon_wherever_it_begins(shift: float, begins: int, soon: int) -> None:
    rng = np.random.default_rng(11)
    day = find_alarm(rng, normal, reference=200, per_day=20, days=begins + 30, alpha=0.05 / 12, shift=shift, begins=begins)
    assert day is not None and begins <= day < begins + soon


def test_the_day_of_the_change_is_estimated() -> None:
    rng = np.random.default_rng(2)
    test = DriftTest.start(count_levels(levels(rng.standard_normal(150))))
    for day in range(60):
        values = rng.standard_normal(15) + (0.9 if day >= 41 else 0)
        test = test.observe(day, levels(values), rng.random(15))
    assert test.estimate_start() is not None and abs(int(test.estimate_start() or 0) - 41) <= 2
    assert test.seen == 60 * 15


def test_two_looks_on_one_day_are_one_day() -> None:
    rng = np.random.default_rng(3)
    test = DriftTest.start(count_levels(levels(rng.standard_normal(50))))
    for _ in range(2):
        test = test.observe(7, levels(rng.standard_normal(4)), rng.random(4))
    assert [(day.day, day.n) for day in test.days] == [(7, 8)]


def test_an_earlier_day_is_an_error_and_no_values_change_nothing() -> None:
    test = DriftTest.start(np.zeros(LEVELS, dtype=np.int64)).observe(3, np.array([1, 2]), np.array([0.5, 0.5]))
    assert test.observe(9, np.array([], dtype=np.int64), np.array([])) == test
    with pytest.raises(ValueError, match="day 2 is before day 3"):
        test.observe(2, np.array([1]), np.array([0.5]))
