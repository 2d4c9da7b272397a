"""A planned test set has the power that its plan promises, whatever the score, the level and the groups."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pytest
from chance import at_most
from numpy.typing import NDArray
from scipy.stats import binom
from statsmodels.stats.power import TTestPower

from harness.metrics import metrics_for
from harness.statistics import (
    MeanSpread,
    OneSidedLimits,
    PairedSpread,
    analyze_power,
    clopper_pearson_interval,
    compare_scores,
    detectable_difference,
    detectable_mean_difference,
    detectable_proportion_difference,
    difference_claim_limits,
    effective_units,
    examples_to_decide,
    examples_to_show_rate,
    mcnemar_midp,
    score_claim_limits,
    solve_examples,
    worst_spread,
)
from harness.statistics.intervals import MeanError, UnseenUnits, paired_proportion_limits, paired_proportions_exceed
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]

ROUGE = metrics_for(["rouge"], [])[2]
ACCURACY, MACRO_F1 = ({m.name: m for m in metrics_for(["classification"], "ab")}[name] for name in ("accuracy", "macro_f1"))
AUROC = metrics_for(["probabilities"], "ab")[0]
CHRF = metrics_for(["chrf"], [])[0]
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


def test_few_examples_cannot_detect_what_unseen_failures_may_undo() -> None:
    """With 50 examples, 5.8% of all may fail unseen: a gain of 2 points on every example is not shown."""
    rng = np.random.default_rng(1)
    a = rng.uniform(0.3, 0.6, 50)
    comparison = compare_scores(a, a + rng.normal(0.02, 0.001, 50), metric=ROUGE, margin=0.01)
    assert comparison.verdict == "undecided"
    assert comparison.detectable == pytest.approx(0.062, abs=0.002)


# ----------------------------------------------------------------------------------------------------- examples to show


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


# ------------------------------------------------------------------------------------------------------ as it is promised


@dataclass(frozen=True)
class Setting:
    """Pairs of equally good strategies, drawn at random: n → scores of A, scores of B, groups."""

    draw: Callable[[int, np.random.Generator], tuple[Array, Array, list[str] | None]]
    metric: Metric
    margin: float
    alpha: float = 0.05


def binary(share: float) -> Callable[[int, np.random.Generator], tuple[Array, Array, None]]:
    def draw(n: int, rng: np.random.Generator) -> tuple[Array, Array, None]:
        number = rng.random(n)
        a = np.where(number < share / 2, 1.0, np.where(number < share, 0.0, 1.0))
        return a, np.where(number < share, 1 - a, a), None

    return draw


def continuous(
    differences: Callable[[int, np.random.Generator], Array], group: int = 1
) -> Callable[..., tuple[Array, Array, list[str] | None]]:
    def draw(n: int, rng: np.random.Generator) -> tuple[Array, Array, list[str] | None]:
        a = np.full(n, 0.6)
        return a, a + differences(n, rng), [str(i // group) for i in range(n)] if group > 1 else None

    return draw


def failing(n: int, rng: np.random.Generator) -> Array:
    """Complete failures on one example in ten, and slightly better elsewhere."""
    return np.where(rng.random(n) < 0.1, -0.5, 0.05 / 0.9) + rng.normal(0, 0.02, n)


def rarely_failing(share: float, loss: float) -> Callable[[int, np.random.Generator], Array]:
    """Few failures are expected in the test set."""
    return lambda n, rng: np.where(rng.random(n) < share, -loss, share * loss / (1 - share)) + rng.normal(0, 0.02, n)


def labelled(n: int, rng: np.random.Generator) -> tuple[Array, Array, None]:
    """Two classifiers, of which the rarer label has a tenth of the examples."""
    eye, gold, hard = np.eye(2), (rng.random(n) < 0.1).astype(int), rng.random(n)
    right = [np.where(rng.random(n) < 0.8, hard, rng.random(n)) < 0.95 for _ in range(2)]
    a, b = (np.hstack([eye[gold] * each[:, None], eye[np.where(each, gold, 1 - gold)], eye[gold]]) for each in right)
    return a, b, None


def ranked(n: int, rng: np.random.Generator) -> tuple[Array, Array, None]:
    gold = (rng.random(n) < 0.3).astype(int)
    logit = rng.normal(0, 1, n) + 3 * (gold - 0.5)
    a, b = (1 / (1 + np.exp(-logit - rng.normal(0, 0.3, n))) for _ in range(2))
    first, second = (np.stack([1 - high, high, gold == 0, gold == 1], axis=1).astype(float) for high in (a, b))
    return first, second, None


def exponential(n: int, rng: np.random.Generator) -> Array:
    return 0.08 - rng.exponential(0.08, n).clip(0, 0.6)


def grouped(n: int, rng: np.random.Generator) -> Array:
    return np.repeat(rng.normal(0, 0.1, n // 5 + 1), 5)[:n] + rng.normal(0, 0.1, n)


NORMAL = continuous(lambda n, rng: rng.normal(0, 0.12, n))
SETTINGS = {
    "0/1, few differ": Setting(binary(0.036), ACCURACY, 0.05),
    "0/1, many differ": Setting(binary(0.3), ACCURACY, 0.1),
    "0/1, four looks": Setting(binary(0.1), ACCURACY, 0.05, 0.05 / 4),
    "bounded": Setting(NORMAL, ROUGE, 0.03),
    "bounded, hardly any spread": Setting(continuous(lambda n, rng: rng.normal(0, 0.02, n)), ROUGE, 0.02),
    "bounded, five strategies": Setting(NORMAL, ROUGE, 0.03, 0.05 / 4),
    "skewed, one in ten fails": Setting(continuous(failing), ROUGE, 0.04),
    "skewed, 4 failures": Setting(continuous(rarely_failing(0.03, 0.5)), ROUGE, 0.03),
    "skewed, 3 failures": Setting(continuous(rarely_failing(0.02, 0.6)), ROUGE, 0.04),
    "skewed, exponential": Setting(continuous(exponential), ROUGE, 0.03),
    "macro-F1": Setting(labelled, MACRO_F1, 0.08),
    "AUROC": Setting(ranked, AUROC, 0.04),
    "groups": Setting(continuous(grouped, 5), ROUGE, 0.03),
    "groups, four looks": Setting(continuous(grouped, 5), ROUGE, 0.04, 0.05 / 4),
}


def simulate_power(setting: Setting, times: int) -> tuple[float, float]:
    """How often the claim is shown with the planned number of examples, and with 80% of it."""
    rng = np.random.default_rng(0)

    def limits(n: int) -> OneSidedLimits:
        a, b, groups = setting.draw(n, rng)
        return difference_claim_limits(a, b, metric=setting.metric, groups=groups, alpha=setting.alpha, resamples=1000)

    spread = limits(20_000 if setting.metric.level == "example" else 3000).spread
    assert spread is not None
    planned = solve_examples(spread, threshold=-setting.margin, assumed=0.0, alpha=setting.alpha)
    assert planned is not None
    shown = [np.mean([(limits(n).low or 0.0) > -setting.margin for _ in range(times)]) for n in (planned, math.ceil(0.8 * planned))]
    return float(shown[0]), float(shown[1])


def check_power(name: str, times: int) -> None:
    enough, too_few = simulate_power(SETTINGS[name], times)
    print(f"{name}: {enough:.1%} with the planned number, {too_few:.1%} with 80% of it")
    assert at_most(0.25, 1 - enough, times), f"at the planned number, {enough:.0%} are shown"
    assert at_most(0.8, too_few, times), f"at 80% of it, {too_few:.0%} are shown"


@pytest.mark.parametrize("name", SETTINGS)
def test_the_planned_test_set_has_the_power(name: str) -> None:
    check_power(name, 150)


@pytest.mark.soak
@pytest.mark.parametrize("name", SETTINGS)
def test_the_planned_test_set_has_the_power_in_a_long_simulation(name: str) -> None:
    check_power(name, 3000)


def test_the_number_reported_for_some_examples_shows_it_on_others() -> None:
    """100 examples, and as many as they ask for, drawn anew from the same population."""
    rng, margin = np.random.default_rng(6), 0.05

    def draw(n: int) -> OneSidedLimits:
        return difference_claim_limits(np.zeros(n), rng.normal(0, 0.3, n), metric=WORDS, groups=None, alpha=0.05)

    size = examples_to_decide(draw(100), -margin, equal=0.0)
    assert size is not None and size.assumption == "equal"
    lows = [draw(size.examples).low for _ in range(400)]
    shown = float(np.mean([low is not None and low > -margin for low in lows]))
    assert at_most(0.86, shown, 400) and at_most(0.26, 1 - shown, 400), "the spread is itself estimated from 100 examples"


# ---------------------------------------------------------------------------------------------------------- before a run


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
