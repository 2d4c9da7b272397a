"""Who goes on, and what a budget pays for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.grid.search import SHARES, afford_trials, cost_of_trials, count_survivors, wave_sizes
from harness.types import COOLDOWN, MOST_TRIALS, SearchSpec


def test_the_default_trials_cost_less_than_half_of_seven_full_trainings() -> None:
    trials = SearchSpec().most_trials
    assert trials == 5 and count_survivors(5) == [5, 2]
    assert cost_of_trials(5) == pytest.approx(5 * 0.4125 + 2 * 0.7) and cost_of_trials(5) < 7 / 2
    assert cost_of_trials(4, (1.0,)) == 4, "a prompt is measured at once"


@given(st.integers(1, 200))
def test_at_least_one_goes_on_and_never_more_than_before(trials: int) -> None:
    counts = count_survivors(trials)
    assert counts == sorted(counts, reverse=True) and counts[0] == trials and counts[-1] >= 1


@given(st.floats(0.01, 1e5), st.floats(0.01, 100))
def test_a_budget_is_used_and_not_exceeded(budget: float, first_part: float) -> None:
    trials = afford_trials(budget, first_part)
    whole = first_part / (SHARES[0] * (1 + COOLDOWN))
    if trials:
        assert cost_of_trials(trials) * whole <= budget * (1 + 1e-9)
    if trials < MOST_TRIALS:
        assert cost_of_trials(trials + 1) * whole > budget * (1 - 1e-9)


def test_a_budget_below_one_training_pays_for_none() -> None:
    assert afford_trials(2.6, 1.0) == 0 and afford_trials(2.7, 1.0) == 1, "a trial costs 1.1125 trainings, its first part 0.4125"
    assert afford_trials(2.0, 1.0, (1.0,)) == 2, "a prompt is measured at once"


@given(st.integers(1, 200))
def test_waves_add_up_to_all_trials(trials: int) -> None:
    sizes = wave_sizes(trials)
    assert sum(sizes) == trials and min(sizes) >= 1


@pytest.mark.parametrize(("trials", "sizes"), [(1, [1]), (2, [2]), (3, [3]), (5, [3, 1, 1]), (6, [3, 2, 1]), (12, [7, 3, 1, 1])])
def test_the_first_wave_surrounds_the_own_values(trials: int, sizes: list[int]) -> None:
    assert wave_sizes(trials) == sizes
