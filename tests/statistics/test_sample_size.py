"""Detectable differences are detected with 80% power, and a planned test set has the power that its plan promises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from chance import at_most
from scipy.stats import binom
from statsmodels.stats.power import TTestPower

from harness.metrics import metrics_for
from harness.statistics import (
    analyze_power,
    clopper_pearson_interval,
    compare_scores,
    detectable_mean_difference,
    detectable_proportion_difference,
    difference_claim_limits,
    effective_units,
    examples_to_detect,
    examples_to_show,
    examples_to_show_rate,
    largest_spread,
    mcnemar_midp,
    more_examples_to_show,
    not_worse,
)

ROUGE = metrics_for(["rouge"], [])[2]
ACCURACY, MACRO_F1 = ({m.name: m for m in metrics_for(["classification"], "ab")}[name] for name in ("accuracy", "macro_f1"))
CHRF = metrics_for(["chrf"], [])[0]
LOSS = {m.name: m for m in metrics_for(["probabilities"], "ab")}["log_loss"]  # unbounded: its limits allow for no unseen failures
WORDS = metrics_for(["length"], [])[0]


# ------------------------------------------------------------------------------------------------- detectable differences


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
    assert examples_to_detect(100, comparison.detectable, comparison.detectable / 2) == 400  # type: ignore[operator, arg-type]
    assert examples_to_detect(100, 0.01, 0.02) == 100
    with pytest.raises(ValueError, match="above 0"):
        examples_to_detect(100, 0.1, 0.0)


# ----------------------------------------------------------------------------------------------------- examples to show


def test_examples_to_show_solve_the_power_equation() -> None:
    needed = examples_to_show(80, 0.02, 0.03, alpha=0.05)
    z_alpha, z_power = 1.6448536, 0.8416212
    assert 0.03 / (0.02 * math.sqrt(80 / needed)) == pytest.approx(z_alpha + z_power, rel=0.01)
    assert examples_to_show(80, 0.02, 0.03, alpha=0.01) > needed, "a stricter level takes more"
    assert examples_to_show(160, 0.02 / math.sqrt(2), 0.03, alpha=0.05) == pytest.approx(needed, abs=1), "the same spread"


def test_more_examples_are_counted_only_where_they_would_help() -> None:
    rng = np.random.default_rng(5)
    a = rng.beta(4, 2, 100)
    noise = rng.normal(0, 0.2, 100)
    equal = not_worse(a, a + noise - noise.mean(), metric=LOSS, margin=0.02)
    assert equal.outcome == "INCONCLUSIVE" and equal.examples_needed is not None and equal.examples_needed > 100
    slightly_worse = not_worse(a, a + 0.0195 + (noise - noise.mean()) / 10, metric=LOSS, margin=0.02)
    assert (slightly_worse.outcome, slightly_worse.examples_needed) == ("INCONCLUSIVE", None), "these examples speak against equality"
    assert more_examples_to_show(100, -0.1, 0.1, 0.0, alpha=0.05) is None
    assert more_examples_to_show(100, 0.1, 0.1, 0.2, alpha=0.05) is None


def test_the_examples_needed_show_non_inferiority_with_80_percent_power() -> None:
    """The number that is reported for 100 examples, drawn anew from the same population."""
    rng, margin = np.random.default_rng(6), 0.05
    draw = lambda n: rng.normal(0, 0.3, n)  # noqa: E731
    limits = difference_claim_limits(np.zeros(100), draw(100), metric=WORDS, groups=None, alpha=0.05)
    assert limits.low is not None and limits.high is not None
    needed = more_examples_to_show(100, limits.low, limits.high, margin, alpha=0.05)
    assert needed is not None
    lows = [difference_claim_limits(np.zeros(needed), draw(needed), metric=WORDS, groups=None, alpha=0.05).low for _ in range(400)]
    shown = float(np.mean([low is not None and low > -margin for low in lows]))
    assert at_most(0.86, shown, 400) and at_most(0.26, 1 - shown, 400), "the spread is itself estimated from 100 examples"


# ---------------------------------------------------------------------------------------------------------- before a run


def simulate_power(units: int, spread: float, shift: float, times: int, margin: float) -> tuple[float, float]:
    """How often a shift is detected, and how often "not worse" is shown."""
    rng, detected, passed = np.random.default_rng(0), 0, 0
    for _ in range(times):
        a = rng.uniform(0.3, 0.7, units)
        b = a + shift + rng.normal(0, spread, units)
        p_value = compare_scores(a, b, metric=LOSS, margin=None).p_value
        detected += p_value is not None and p_value < 0.05
        passed += not_worse(a, b, metric=LOSS, margin=margin).outcome == "PASS"
    return detected / times, passed / times


@pytest.mark.parametrize(("units", "spread"), [(50, 0.2), (200, 0.1)])
def test_power_is_as_planned(units: int, spread: float) -> None:
    plan = analyze_power(units, spread, margin=0.04)
    assert simulate_power(units, spread, plan.detectable, 400, 0.04)[0] == pytest.approx(0.8, abs=0.07)
    assert simulate_power(units, spread, 0.0, 400, 0.04)[1] == pytest.approx(plan.power, abs=0.08)
    assert simulate_power(units, spread, 0.0, 400, plan.smallest_margin)[1] == pytest.approx(0.8, abs=0.07)


@pytest.mark.soak
@pytest.mark.parametrize(("units", "spread"), [(50, 0.2), (200, 0.1), (1000, 0.3)])
def test_power_is_as_planned_in_a_long_simulation(units: int, spread: float) -> None:
    plan = analyze_power(units, spread, margin=0.04)
    assert simulate_power(units, spread, plan.detectable, 8000, 0.04)[0] == pytest.approx(0.8, abs=0.025)
    assert simulate_power(units, spread, 0.0, 8000, plan.smallest_margin)[1] == pytest.approx(0.8, abs=0.025)


def test_the_units_needed_give_80_percent_power() -> None:
    plan = analyze_power(100, 0.3, margin=0.02)
    assert not plan.is_sufficient
    enough = analyze_power(plan.units_needed, 0.3, margin=0.02)
    assert enough.is_sufficient and enough.power == pytest.approx(0.8, abs=0.001)
    assert analyze_power(plan.units_needed - 2, 0.3, margin=0.02).power < 0.8
    assert analyze_power(100, 0.3, margin=plan.smallest_margin).power == pytest.approx(0.8)


def test_no_spread_exceeds_the_largest() -> None:
    opposed = np.array([0.0, 1.0] * 50)
    comparison = compare_scores(opposed, 1 - opposed, metric=ACCURACY, margin=None)
    largest = largest_spread(ACCURACY)
    assert comparison.se is not None and largest == 1.0
    assert comparison.se * comparison.units**0.5 == pytest.approx(largest)
    assert (largest_spread(CHRF), largest_spread(MACRO_F1), largest_spread(WORDS)) == (None, None, None)


def test_a_large_group_counts_little_more_than_one_example() -> None:
    assert effective_units([1] * 80) == 80
    assert effective_units([5] * 12) == 12
    assert effective_units([250] + [1] * 250) == 3
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(251), [250] + [1] * 250)
    opposed = np.where(rng.random(251) < 0.5, 1.0, -1.0)[cluster]
    comparison = compare_scores(np.zeros(500), opposed, metric=ROUGE, margin=None, groups=[str(c) for c in cluster])
    assert comparison.se is not None and comparison.se <= 1.05 / 3**0.5


@pytest.mark.parametrize("bad", [(0, 0.1, 0.1), (10, 0.0, 0.1), (10, 0.1, 0.0)])
def test_power_needs_positive_numbers(bad: tuple[int, float, float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        analyze_power(*bad)


def test_examples_that_show_a_rate_without_errors() -> None:
    """(1 − ceiling)^n ≤ alpha: the rule of three, exactly."""
    assert [examples_to_show_rate(c, 0.0, alpha=0.05) for c in (0.05, 0.01, 0.001)] == [59, 299, 2995]
    assert examples_to_show_rate(0.05, 0.0, alpha=0.01) == 90
    assert examples_to_show_rate(0.05, 0.05, alpha=0.05) is None


@pytest.mark.parametrize(("ceiling", "rate", "alpha"), [(0.05, 0.025, 0.05), (0.3, 0.2, 0.05), (0.1, 0.02, 0.01), (0.5, 0.3, 0.05)])
def test_examples_that_show_a_rate_are_the_fewest_with_the_power(ceiling: float, rate: float, alpha: float) -> None:
    """Over all n below, by enumeration with the limit that guardrails are decided on."""
    needed = examples_to_show_rate(ceiling, rate, alpha=alpha)
    assert needed is not None
    powers = []
    for n in range(1, needed + 1):
        most = int(np.searchsorted(binom.cdf(np.arange(n + 1), n, ceiling), alpha, side="right")) - 1
        powers.append(float(binom.cdf(most, n, rate)) if most >= 0 else 0.0)
    assert powers[-1] >= 0.8 > max(powers[:-1])
    errors = int(binom.isf(0.2, needed, rate))
    assert clopper_pearson_interval(errors, needed, 1 - 2 * alpha).high <= ceiling
