"""A difference that is called detectable is found four times in five, and "not worse" is wrong as rarely as it says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from harness.analysis import compare_scores, detectable_mean, detectable_share, mcnemar_midp, needed_rows, not_worse, one_sided_limits
from harness.metrics import metrics_for

ROUGE = metrics_for(["rouge"], [])[2]
CLASSIFICATION = {m.name: m for m in metrics_for(["classification"], "ab")}
WORDS = metrics_for(["length"], [])[0]
ERRORS = {m.name: m for m in metrics_for(["facts"], [])}["critical_error_rate"]


@pytest.mark.parametrize("n", [20, 50, 200, 2000])
def test_means_agree_with_statsmodels(n: int) -> None:
    effect = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8, alternative="two-sided")
    assert detectable_mean(1 / math.sqrt(n), n - 1) == pytest.approx(effect, rel=0.01)


@pytest.mark.parametrize(("differing", "n"), [(20, 100), (60, 300), (100, 1000), (40, 80)])
def test_shares_are_found_four_times_in_five(differing: int, n: int) -> None:
    delta, psi = detectable_share(differing, n), differing / n
    rng = np.random.default_rng(0)
    tables = rng.multinomial(n, [(psi + delta) / 2, (psi - delta) / 2, 1 - psi], size=2000)
    found = np.mean([mcnemar_midp(int(gained), int(lost)) < 0.05 for gained, lost, _ in tables])
    assert 0.74 <= found <= 0.86


def test_shares_where_hardly_a_row_differs() -> None:
    assert detectable_share(0, 100) == detectable_share(6, 100) == pytest.approx(0.0767, abs=0.001)
    found = np.random.default_rng(0).binomial(100, detectable_share(1, 100), 4000)  # all that differ do so in one direction
    assert np.mean([mcnemar_midp(int(gained), 0) < 0.05 for gained in found]) >= 0.8
    assert detectable_share(0, 2) == 1.0
    assert detectable_share(30, 100) < detectable_share(60, 100)


def test_a_comparison_carries_it() -> None:
    rng = np.random.default_rng(1)
    spread = 0.2
    a = rng.normal(0.5, 0.1, 100)
    found = compare_scores(a, a + rng.normal(0, spread, 100), metric=ROUGE, margin=0.01)
    assert found.detectable == pytest.approx(2.83 * spread / 10, rel=0.15)
    assert needed_rows(100, found.detectable, found.detectable / 2) == 400  # type: ignore[operator, arg-type]
    assert needed_rows(100, 0.01, 0.02) == 100
    with pytest.raises(ValueError, match="above 0"):
        needed_rows(100, 0.1, 0.0)


@pytest.mark.parametrize(("shift", "outcome"), [(0.0, "PASS"), (-0.2, "FAIL"), (-0.048, "INCONCLUSIVE")])
def test_not_worse(shift: float, outcome: str) -> None:
    rng = np.random.default_rng(2)
    a = rng.beta(4, 2, 200)
    b = a + shift + rng.normal(0, 0.1, 200)
    found = not_worse(a, b, metric=ROUGE, margin=0.05)
    assert found.outcome == outcome
    assert found.loss == pytest.approx((a - b).mean())
    turned = not_worse(1 - a, 1 - b, metric=ERRORS, margin=0.05)
    assert (turned.outcome, turned.loss, turned.most) == (outcome, pytest.approx(found.loss), pytest.approx(found.most))


def test_rows_that_are_needed_are_more_than_there_are() -> None:
    rng = np.random.default_rng(5)
    a = rng.beta(4, 2, 100)
    noise = rng.normal(0, 0.2, 100)
    found = not_worse(a, a + noise - noise.mean(), metric=ROUGE, margin=0.02)
    assert found.outcome == "INCONCLUSIVE" and found.rows_needed is not None and found.rows_needed > 100
    close = not_worse(a, a - 0.019 + rng.normal(0, 0.02, 100), metric=ROUGE, margin=0.02)
    assert (close.outcome, close.rows_needed) == ("INCONCLUSIVE", None), "these rows speak against equality"


def test_counts_are_one_side_of_the_wider_interval() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.integers(2, size=(2, 90)).astype(float)
    found = not_worse(a, b, metric=CLASSIFICATION["accuracy"], margin=0.1)
    wide = compare_scores(a, b, metric=CLASSIFICATION["accuracy"], margin=0.1, confidence=0.9)
    assert (found.least, found.most) == pytest.approx((-wide.high, -wide.low))  # type: ignore[operator]


def test_what_is_not_worse_at_all_does_not_fail() -> None:
    """Six lost and one gained of 50: worse by more than a hundredth on one side, undecided on two."""
    a, b = np.array([1.0] * 6 + [0.0] + [1.0] * 43), np.array([0.0] * 6 + [1.0] + [1.0] * 43)
    assert compare_scores(a, b, metric=CLASSIFICATION["accuracy"], margin=0.01).verdict == "undecided"
    assert not_worse(a, b, metric=CLASSIFICATION["accuracy"], margin=0.01).outcome == "INCONCLUSIVE"


def test_without_skewness_the_limits_are_those_of_t() -> None:
    differences = np.concatenate([np.linspace(-1, 1, 41), np.linspace(-0.5, 0.5, 40)])
    found = one_sided_limits(np.zeros(81), differences, metric=ROUGE)
    mean, error, quantile = differences.mean(), differences.std(ddof=1) / 9, stats.t.ppf(0.95, 80)
    assert (found.low, found.high) == pytest.approx((mean - quantile * error, mean + quantile * error), abs=1e-6)
    assert not found.rough


def test_few_failures_among_many_rows_are_called_rough() -> None:
    differences = np.random.default_rng(4).normal(0, 0.01, 60)
    differences[0] = -0.9
    assert one_sided_limits(np.zeros(60), differences, metric=ROUGE).rough


def test_what_has_no_better_direction_is_never_worse() -> None:
    with pytest.raises(ValueError, match="nothing is worse"):
        not_worse(np.ones(20), np.ones(20), metric=WORDS, margin=1.0)


def test_too_few_rows_are_inconclusive() -> None:
    found = not_worse(np.array([0.5]), np.array([0.6]), metric=ROUGE, margin=0.1)
    assert (found.outcome, found.loss, found.rows_needed) == ("INCONCLUSIVE", None, None)


def wrong_passes(n: int, margin: float, times: int, kind: str) -> float:
    """How often a strategy that is worse by exactly the margin passes."""
    rng, passed = np.random.default_rng(4), 0
    for _ in range(times):
        if kind == "yes or no":
            gained, lost = 0.05, 0.05 + margin
            drawn = rng.choice(3, size=n, p=[gained, lost, 1 - gained - lost])
            a, b = np.where(drawn == 0, 0.0, 1.0), np.where(drawn == 1, 0.0, 1.0)
        else:
            a = rng.beta(0.5, 2, n)
            skewed = rng.exponential(0.1, n) - 0.1
            b = a - margin + (skewed if kind == "few do much better" else -skewed)
        metric = CLASSIFICATION["accuracy"] if kind == "yes or no" else ROUGE
        passed += not_worse(a, b, metric=metric, margin=margin).outcome == "PASS"
    return passed / times


KINDS = ["yes or no", "few do much better", "few do much worse"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [50, 200])
def test_wrong_passes_are_rare(n: int, kind: str) -> None:
    assert wrong_passes(n, 0.05, 400, kind) <= 0.085


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [50, 100, 500])
def test_wrong_passes_of_a_long_simulation(n: int, kind: str) -> None:
    assert wrong_passes(n, 0.05, 10_000, kind) <= 0.065
