"""How many units an experiment needs: against simulated experiments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_up_experiments import answers, assign, first_shown

from harness.statistics.sequential import (
    chance_to_show,
    difference_variance,
    effect_to_show,
    largest_stake,
    unit_spread,
    units_to_show,
)


@pytest.mark.parametrize(("champion", "challenger", "share"), [(0.6, 0.75, 0.5), (0.05, 0.12, 0.5), (0.6, 0.78, 0.2)])
def test_planned_experiments_find_the_effect_in_four_of_five_cases(champion: float, challenger: float, share: float) -> None:
    spread = [math.sqrt(rate * (1 - rate)) for rate in (challenger, champion)]
    units = units_to_show(challenger - champion, difference_variance(*spread, share), alpha=0.05)
    assert units is not None
    generator = np.random.default_rng(40)
    is_challenger = assign(generator, 400, units, share)
    x = answers(generator, np.where(is_challenger, challenger, champion))
    shown = first_shown(x, is_challenger, share=share, above=0.0, effect=challenger - champion, alpha=0.025) > 0
    assert 0.76 <= shown.mean() <= 0.95


def test_rare_outcomes_are_planned_with_the_stakes_that_are_allowed() -> None:
    """Without the limit on stakes, the plan asks for 56 units, in which nothing can be shown."""
    variance, stake = difference_variance(math.sqrt(0.0099), math.sqrt(0.0099), 0.5), largest_stake(0.99, 0.5, (0.0, 1.0))
    units = units_to_show(0.1, variance, alpha=0.05, most_stake=stake)
    assert units is not None
    generator = np.random.default_rng(41)
    for count, low, high in ((units, 0.8, 1.0), (56, 0.0, 0.0)):
        is_challenger = assign(generator, 200, count, 0.5)
        x = answers(generator, np.full(is_challenger.shape, 0.99))
        shown = first_shown(x, is_challenger, share=0.5, above=-0.1, effect=0.1, alpha=0.025) > 0
        assert low <= shown.mean() <= high


def test_plan_and_power_agree() -> None:
    variance = difference_variance(0.45, 0.45, 0.5)
    units = units_to_show(0.05, variance, alpha=0.05, power=0.8)
    assert units is not None
    assert chance_to_show(units, 0.05, variance, 0.05) == pytest.approx(0.8, abs=1e-3)
    assert effect_to_show(units, variance, 0.05) == pytest.approx(0.05, rel=1e-3)
    assert effect_to_show(units / 4, variance, 0.05) == pytest.approx(0.1, rel=1e-3)


def test_extreme_plans() -> None:
    assert units_to_show(0.05, 0.0, alpha=0.05) == 1
    assert (units_to_show(0.05, 0.0, alpha=0.05, most_stake=largest_stake(1.0, 0.5, (0.0, 1.0))) or 0) > 500
    assert effect_to_show(1, 0.0, alpha=0.05, most_stake=0.1) is None
    assert units_to_show(1e-9, 1.0, alpha=0.05) is None


def test_more_answers_of_a_user_help_only_as_far_as_they_differ() -> None:
    assert unit_spread(0.5, 20, correlation=1.0) == 0.5
    assert unit_spread(0.5, 25, correlation=0.0) == pytest.approx(0.1)
    assert unit_spread(0.5, 1, correlation=0.3) == 0.5
