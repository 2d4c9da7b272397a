"""Which difference do so many examples detect?"""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from harness.metrics import metrics_for
from harness.statistics import (
    compare_scores,
    detectable_difference,
    detectable_mean_difference,
    detectable_proportion_difference,
    mcnemar_midp,
)
from tests.statistics.test_sample_size import mean_spread

ROUGE = metrics_for(["rouge"], [])[2]


@pytest.mark.parametrize("n", [20, 50, 200, 2000])
def test_detectable_mean_difference_agrees_with_statsmodels(n: int) -> None:
    effect = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8, alternative="two-sided")
    assert detectable_mean_difference(1 / math.sqrt(n), n - 1) == pytest.approx(effect, rel=0.01)


@pytest.mark.parametrize(("differing", "n"), [(20, 100), (60, 300), (100, 1000), (40, 80)])
def test_detectable_proportion_difference_is_detected_with_the_stated_power(differing: int, n: int) -> None:
    delta, psi = detectable_proportion_difference(differing, n), differing / n
    rng = np.random.default_rng(0)
    tables = rng.multinomial(n, [(psi + delta) / 2, (psi - delta) / 2, 1 - psi], size=2000)
    detected = np.mean([mcnemar_midp(int(gained), int(lost)) < 0.05 for gained, lost, _ in tables])
    assert 0.74 <= detected <= 0.86


def test_detectable_proportion_difference_where_hardly_any_example_differs() -> None:
    assert detectable_proportion_difference(0, 100) == detectable_proportion_difference(6, 100) == pytest.approx(0.0767, abs=0.001)
    gains = np.random.default_rng(0).binomial(100, detectable_proportion_difference(1, 100), 4000)  # all differ in the same direction
    assert np.mean([mcnemar_midp(int(gained), 0) < 0.05 for gained in gains]) >= 0.8
    assert detectable_proportion_difference(0, 2) == 1.0
    assert detectable_proportion_difference(30, 100) < detectable_proportion_difference(60, 100)


def test_a_comparison_reports_its_detectable_difference() -> None:
    rng = np.random.default_rng(1)
    spread = 0.2
    a = rng.normal(0.5, 0.1, 100)
    comparison = compare_scores(a, a + rng.normal(0, spread, 100), metric=ROUGE, margin=0.01)
    assert comparison.detectable == pytest.approx(2.83 * spread / 10, rel=0.15)


def test_few_examples_cannot_detect_what_unseen_failures_may_undo() -> None:
    """With 50 examples, 5.8% of all may fail unseen: a gain of 2 points on every example is not shown."""
    rng = np.random.default_rng(1)
    a = rng.uniform(0.3, 0.6, 50)
    comparison = compare_scores(a, a + rng.normal(0.02, 0.001, 50), metric=ROUGE, margin=0.01)
    assert comparison.verdict == "undecided"
    assert comparison.detectable == pytest.approx(0.062, abs=0.002)


def share_detected(sigma: float, n: int, times: int) -> float:
    """How often a difference of the detectable size is shown to be one."""
    rng, difference = np.random.default_rng(0), detectable_difference(mean_spread(sigma), n)
    pairs = ((a := rng.uniform(0.3, 0.5, n), a + difference + rng.normal(0, sigma, n)) for _ in range(times))
    return float(np.mean([compare_scores(a, b, metric=ROUGE, margin=None).verdict == "better" for a, b in pairs]))


@pytest.mark.parametrize(("sigma", "n"), [(0.2, 50), (0.1, 200), (0.02, 100)])
def test_a_detectable_difference_is_detected(sigma: float, n: int) -> None:
    assert share_detected(sigma, n, 300) == pytest.approx(0.8, abs=0.08)


@pytest.mark.soak
@pytest.mark.parametrize(("sigma", "n"), [(0.2, 50), (0.1, 200), (0.02, 100), (0.3, 1000)])
def test_a_detectable_difference_is_detected_in_a_long_simulation(sigma: float, n: int) -> None:
    assert share_detected(sigma, n, 8000) == pytest.approx(0.8, abs=0.035)
