"""How often sequential experiments err and find what was planned, in simulations that are too long for every day.

A look is taken after every unit, for as many units as the plan for the margin asks for, or at least 2,000.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from chance import at_most
from made_up_experiments import answers, assign, first_shown, heavy_users, wrong_claims
from numpy.typing import NDArray

from harness.statistics.sequential import (
    SAMPLE_RATIO_ALPHA,
    difference_variance,
    largest_stake,
    sample_ratio_evidence,
    units_to_show,
)

pytestmark = pytest.mark.soak

TIMES, ROWS = 2000, 100
Make = Callable[[np.random.Generator, tuple[int, int]], NDArray[np.float64]]

EQUAL: dict[str, tuple[Make, float]] = {
    "70% accepted": (lambda g, shape: answers(g, np.full(shape, 0.7)), 0.5),
    "70% accepted, 10% challenger": (lambda g, shape: answers(g, np.full(shape, 0.7)), 0.1),
    "3% complaints": (lambda g, shape: answers(g, np.full(shape, 0.03)), 0.5),
    "97% accepted, 10% challenger": (lambda g, shape: answers(g, np.full(shape, 0.97)), 0.1),
    "heavy users": (heavy_users, 0.5),
    "heavy users first": (lambda g, shape: heavy_users(g, shape, heavy_first=True), 0.5),
    "from 80% down to 50%": (lambda g, shape: answers(g, np.broadcast_to(np.linspace(0.8, 0.5, shape[1]), shape)), 0.5),
}
PLANS = {  # the champion's rate, the challenger's, and the share of the challenger
    "70% to 75%": (0.70, 0.75, 0.5),
    "70% to 80%": (0.70, 0.80, 0.5),
    "70% to 80%, 20% challenger": (0.70, 0.80, 0.2),
    "5% to 8%": (0.05, 0.08, 0.5),
    "95% to 98%": (0.95, 0.98, 0.5),
}


@pytest.mark.parametrize("case", EQUAL)
def test_equal_variants_are_called_different_in_at_most_5_percent(case: str) -> None:
    make, share = EQUAL[case]
    generator = np.random.default_rng(50)
    wrong = 0.0
    for _ in range(TIMES // ROWS):
        is_challenger = assign(generator, ROWS, 4000, share)
        wrong += wrong_claims(make(generator, is_challenger.shape), is_challenger, share, 0.05) * ROWS
    print(f"{case}: {wrong / TIMES:.2%} wrong claims")
    assert at_most(0.05, wrong / TIMES, TIMES)


@pytest.mark.parametrize("case", PLANS)
def test_plans_keep_their_power(case: str) -> None:
    champion, challenger, share = PLANS[case]
    effect = challenger - champion
    variance = difference_variance(*(math.sqrt(rate * (1 - rate)) for rate in (challenger, champion)), share)
    units = units_to_show(effect, variance, alpha=0.05, most_stake=largest_stake(champion, share, (0.0, 1.0)))
    assert units is not None
    generator = np.random.default_rng(51)
    stops: list[int] = []
    for _ in range(TIMES // ROWS):
        is_challenger = assign(generator, ROWS, units, share)
        x = answers(generator, np.where(is_challenger, challenger, champion))
        stops += first_shown(x, is_challenger, share=share, above=0.0, effect=effect, alpha=0.025).tolist()
    shown = [stop for stop in stops if stop]
    print(f"{case}: {units} units, {len(shown) / TIMES:.1%} found, half of these after {np.median(shown):.0f}")
    assert len(shown) / TIMES >= 0.77


@pytest.mark.parametrize("share", [0.5, 0.2, 0.05])
def test_the_planned_share_raises_few_alarms(share: float) -> None:
    wanted, alarms, generator = -math.log(SAMPLE_RATIO_ALPHA), 0, np.random.default_rng(52)
    for _ in range(TIMES // ROWS):
        alarms += int((sample_ratio_evidence(assign(generator, ROWS, 5000, share), share) >= wanted).any(axis=1).sum())
    assert at_most(SAMPLE_RATIO_ALPHA, alarms / TIMES, TIMES)
