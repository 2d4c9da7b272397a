"""A planned test set has the power that its plan promises, whatever the score, the level and the groups."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binom

from harness.metrics import metrics_for
from harness.statistics import (
    MeanSpread,
    OneSidedLimits,
    PairedSpread,
    analyze_power,
    clopper_pearson_interval,
    compare_scores,
    difference_claim_limits,
    effective_units,
    examples_to_decide,
    examples_to_show_rate,
    score_claim_limits,
    solve_examples,
    worst_spread,
)
from harness.statistics.intervals import MeanError, UnseenUnits, paired_proportion_limits, paired_proportions_exceed

Array: TypeAlias = NDArray[np.float64]

ROUGE = metrics_for(["rouge"], [])[2]
ACCURACY, MACRO_F1 = ({m.name: m for m in metrics_for(["classification"], "ab")}[name] for name in ("accuracy", "macro_f1"))
CHRF = metrics_for(["chrf"], [])[0]
WORDS = metrics_for(["length"], [])[0]


def mean_spread(sigma: float, *, skewness: float = 0.0, n: int = 1000, is_bounded: bool = True) -> MeanSpread:
    """Of differences with this standard deviation and skewness from one example to the next."""
    error = MeanError(sigma / math.sqrt(n), n - 1, skewness / math.sqrt(n), math.sqrt(6) / n)
    if not is_bounded:
        return MeanSpread(n, error)
    return MeanSpread(n, error, unseen=UnseenUnits((n,)), ends=(-1.0, 1.0), bound=2 / math.sqrt(2 * n))


def test_examples_to_show_solve_the_power_equation() -> None:
    """On an unbounded scale, with n (Δ/σ)² = (z(1 − α) + z(power))²: Julious 2004."""
    spread = mean_spread(0.2, is_bounded=False)
    needed = solve_examples(spread, threshold=-0.01, assumed=0.0, alpha=0.05)
    assert needed == pytest.approx((1.6449 + 0.8416) ** 2 * (0.2 / 0.01) ** 2, rel=0.002)
    strict = solve_examples(spread, threshold=-0.01, assumed=0.0, alpha=0.01)
    assert strict is not None and strict > needed  # type: ignore[operator]
    assert solve_examples(spread, threshold=0.0, assumed=0.0, alpha=0.05) is None
    assert solve_examples(spread, threshold=0.0, assumed=-0.1, alpha=0.05) is None


def test_a_small_spread_does_not_promise_a_small_test_set() -> None:
    """With Δ = 0.01 and σ = 0.02 the formula alone says 25. But 299 examples without a failure are needed to exclude 1% of failures."""
    assert solve_examples(mean_spread(0.02, is_bounded=False), threshold=-0.01, assumed=0.0, alpha=0.05) in range(25, 28)
    needed = solve_examples(mean_spread(0.02), threshold=-0.01, assumed=0.0, alpha=0.05)
    assert needed == pytest.approx(330, abs=5)


def test_the_seeds_share_of_the_error_limits_what_examples_can_show() -> None:
    fixed = replace(mean_spread(0.2), fixed_se=0.003, bound=None)
    free = solve_examples(mean_spread(0.2), threshold=-0.02, assumed=0.0, alpha=0.05)
    needed = solve_examples(fixed, threshold=-0.02, assumed=0.0, alpha=0.05)
    assert free is not None and needed is not None and needed > free
    assert solve_examples(replace(fixed, fixed_se=0.01), threshold=-0.02, assumed=0.0, alpha=0.05) is None


@pytest.mark.parametrize("alpha", [0.05, 0.0125])
@pytest.mark.parametrize("threshold", [-0.1, -0.02, 0.0, 0.05])
def test_a_table_exceeds_a_threshold_where_its_lower_limit_does(alpha: float, threshold: float) -> None:
    for n in (30, 120):
        tables = [(gained, lost) for gained in range(0, 16, 3) for lost in range(0, 16, 3)]
        gained, lost = (np.array(side, dtype=np.float64) for side in zip(*tables, strict=True))
        limits = np.array([paired_proportion_limits(b, c, n, alpha)[0] for b, c in tables])
        assert np.array_equal(paired_proportions_exceed(gained, lost, n, threshold, alpha), limits > threshold)


@pytest.mark.parametrize(("share", "n"), [(0.02, 60), (0.3, 200), (1.0, 400)])
def test_the_power_of_two_proportions_is_that_over_all_tables(share: float, n: int) -> None:
    spread = PairedSpread(1000, 1000 * share)
    differing = np.arange(n + 1.0)
    weights = binom.pmf(differing, n, share)
    power = 0.0
    for d in np.flatnonzero(weights > 1e-9):
        gained = np.arange(d + 1.0)
        shown = paired_proportions_exceed(gained, d - gained, n, -0.1, 0.05)
        power += float(weights[d] * binom.pmf(gained, d, 0.5)[shown].sum())
    assert spread.power(n, threshold=-0.1, assumed=0.0, alpha=0.05) == pytest.approx(power, abs=0.01)


def limits_of(differences: Array, alpha: float = 0.05) -> OneSidedLimits:
    a = np.full(len(differences), 0.5)
    return difference_claim_limits(a, a + differences, metric=ROUGE, groups=None, alpha=alpha)


def noise(n: int = 100, sigma: float = 0.2) -> Array:
    drawn: Array = np.random.default_rng(5).normal(0, sigma, n).clip(-0.45, 0.45)
    return drawn - drawn.mean()


def test_two_strategies_that_may_be_equal_are_assumed_to_be() -> None:
    limits = limits_of(noise() + 0.005)
    size = examples_to_decide(limits, -0.02, equal=0.0)
    assert size is not None and (size.assumption, size.assumed, size.alpha, size.power) == ("equal", 0.0, 0.05, 0.8)
    assert size.examples > 100


def test_equality_is_not_assumed_where_the_examples_exclude_it() -> None:
    """Worse by 0.05, ± 0.03: the interval beside the number excludes 0."""
    limits = limits_of(noise() - 0.05)
    size = examples_to_decide(limits, -0.06, equal=0.0)
    assert limits.high is not None and limits.high < 0
    assert size is not None and size.assumption == "observed" and size.assumed == pytest.approx(-0.05)
    assert examples_to_decide(limits, -0.04, equal=0.0) is None, "on the wrong side of the threshold"


def test_equality_is_not_assumed_where_these_examples_should_have_shown_it() -> None:
    limits = limits_of(noise(400) - 0.0148)
    assert solve_examples(limits.spread, threshold=-0.03, assumed=0.0, alpha=0.05) < 400  # type: ignore[arg-type, operator]
    size = examples_to_decide(limits, -0.03, equal=0.0)
    assert size is not None and size.assumption == "observed" and size.examples > 400


def test_without_a_pair_the_observed_value_is_assumed() -> None:
    size = examples_to_decide(score_claim_limits(np.full((40, 1, 1), 1.0), metric=ACCURACY, groups=[None] * 40, alpha=0.05), 0.95)
    assert size is not None and (size.assumption, size.examples) == ("observed", 59), "the rule of three"


def test_power_analysis_is_coherent() -> None:
    spread = mean_spread(0.3)
    plan = analyze_power(spread, 100, 0.02)
    assert not plan.is_sufficient and plan.sample_size is not None
    enough = analyze_power(spread, plan.sample_size.examples, 0.02)
    assert enough.is_sufficient and enough.power == pytest.approx(0.8, abs=0.002)
    assert plan.smallest_margin is not None
    assert analyze_power(spread, 100, plan.smallest_margin).power == pytest.approx(0.8, abs=0.001)
    assert analyze_power(spread, 3, 0.02, most=0.5).smallest_margin is None, "nothing that makes sense can be tested"
    assert analyze_power(PairedSpread(50, 50 * 0.036), 50, 0.05).power < 0.35, "not the 80% that a formula without limits promises"


def test_no_spread_exceeds_the_worst() -> None:
    opposed = np.array([0.0, 1.0] * 50)
    comparison = compare_scores(opposed, 1 - opposed, metric=ACCURACY, margin=None)
    worst = worst_spread(ACCURACY, [1] * 100)
    assert comparison.se is not None and worst is not None
    assert comparison.se == pytest.approx(worst.se)
    assert [worst_spread(metric, [1] * 100) for metric in (CHRF, MACRO_F1, WORDS)] == [None, None, None]


def test_a_large_group_counts_little_more_than_one_example() -> None:
    assert effective_units([1] * 80) == 80
    assert effective_units([5] * 12) == 12
    assert effective_units([250] + [1] * 250) == 3
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(251), [250] + [1] * 250)
    opposed = np.where(rng.random(251) < 0.5, 1.0, -1.0)[cluster]
    comparison = compare_scores(np.zeros(500), opposed, metric=ROUGE, margin=None, groups=[str(c) for c in cluster])
    assert comparison.se is not None and comparison.se <= 1.05 / 3**0.5


@pytest.mark.parametrize(("examples", "margin"), [(0, 0.1), (10, 0.0)])
def test_power_needs_positive_numbers(examples: int, margin: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        analyze_power(mean_spread(0.1), examples, margin)


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


@pytest.mark.parametrize("ceiling", [0.05, 0.25])
def test_rate_at_its_ceiling_needs_no_impossible_number(ceiling: float) -> None:
    """An observed rate may miss its ceiling by a rounding error alone."""
    assert examples_to_show_rate(ceiling, np.nextafter(ceiling, 0), alpha=0.05) is None
    assert examples_to_show_rate(ceiling, ceiling - 1e-7, alpha=0.05) is None
