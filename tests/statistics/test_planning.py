"""The power that a plan promises is the power that comparisons have."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics import metrics_for
from harness.statistics import compare_scores, independent_units, largest_spread, not_worse, outlook

ROUGE = metrics_for(["rouge"], [])[2]
CLASSIFICATION = {m.name: m for m in metrics_for(["classification"], "ab")}
CHRF = metrics_for(["chrf"], [])[0]
WORDS = metrics_for(["length"], [])[0]


def simulated(units: int, spread: float, shift: float, times: int, margin: float) -> tuple[float, float]:
    """How often a shift is found, and how often "not worse" is shown."""
    rng, found, passed = np.random.default_rng(0), 0, 0
    for _ in range(times):
        a = rng.uniform(0.3, 0.7, units)
        b = a + shift + rng.normal(0, spread, units)
        p_value = compare_scores(a, b, metric=ROUGE, margin=None).p_value
        found += p_value is not None and p_value < 0.05
        passed += not_worse(a, b, metric=ROUGE, margin=margin).outcome == "PASS"
    return found / times, passed / times


@pytest.mark.parametrize(("units", "spread"), [(50, 0.2), (200, 0.1)])
def test_power_is_as_planned(units: int, spread: float) -> None:
    plan = outlook(units, spread, margin=0.04)
    assert simulated(units, spread, plan.detectable, 400, 0.04)[0] == pytest.approx(0.8, abs=0.07)
    assert simulated(units, spread, 0.0, 400, 0.04)[1] == pytest.approx(plan.power, abs=0.08)
    assert simulated(units, spread, 0.0, 400, plan.least_margin)[1] == pytest.approx(0.8, abs=0.07)


@pytest.mark.soak
@pytest.mark.parametrize(("units", "spread"), [(50, 0.2), (200, 0.1), (1000, 0.3)])
def test_power_is_as_planned_in_a_long_simulation(units: int, spread: float) -> None:
    plan = outlook(units, spread, margin=0.04)
    assert simulated(units, spread, plan.detectable, 8000, 0.04)[0] == pytest.approx(0.8, abs=0.025)
    assert simulated(units, spread, 0.0, 8000, plan.least_margin)[1] == pytest.approx(0.8, abs=0.025)


def test_the_rows_that_are_needed_give_four_in_five() -> None:
    plan = outlook(100, 0.3, margin=0.02)
    assert not plan.answers
    enough = outlook(plan.needed, 0.3, margin=0.02)
    assert enough.answers and enough.power == pytest.approx(0.8, abs=0.001)
    assert outlook(plan.needed - 2, 0.3, margin=0.02).power < 0.8
    assert outlook(100, 0.3, margin=plan.least_margin).power == pytest.approx(0.8)


def test_nothing_is_worse_than_the_worst_case() -> None:
    opposed = np.array([0.0, 1.0] * 50)
    found = compare_scores(opposed, 1 - opposed, metric=CLASSIFICATION["accuracy"], margin=None)
    worst = largest_spread(CLASSIFICATION["accuracy"])
    assert found.se is not None and worst == 1.0
    assert found.se * found.units**0.5 == pytest.approx(worst)
    assert (largest_spread(CHRF), largest_spread(CLASSIFICATION["macro_f1"]), largest_spread(WORDS)) == (None, None, None)


def test_a_large_group_is_worth_little_more_than_one_row() -> None:
    assert independent_units([1] * 80) == 80
    assert independent_units([5] * 12) == 12
    assert independent_units([250] + [1] * 250) == 3
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(251), [250] + [1] * 250)
    opposed = np.where(rng.random(251) < 0.5, 1.0, -1.0)[cluster]
    found = compare_scores(np.zeros(500), opposed, metric=ROUGE, margin=None, groups=[str(c) for c in cluster])
    assert found.se is not None and found.se <= 1.05 / 3**0.5


@pytest.mark.parametrize("bad", [(0, 0.1, 0.1), (10, 0.0, 0.1), (10, 0.1, 0.0)])
def test_numbers_that_make_no_sense(bad: tuple[int, float, float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        outlook(*bad)
