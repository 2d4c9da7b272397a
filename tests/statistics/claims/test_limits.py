"""One-sided limits: the formulas, and what claims about one model add to them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from harness.metrics import metrics_for
from harness.statistics import (
    OneSidedLimits,
    check_above,
    clopper_pearson_upper,
    difference_claim_limits,
    difference_limits,
    orient,
    score_claim_limits,
    score_limits,
    seed_spread,
)

ROUGE = metrics_for(["rouge"], [])[2]
CLASSIFICATION = {m.name: m for m in metrics_for(["classification"], "abc")}
ACCURACY, MACRO_F1 = CLASSIFICATION["accuracy"], CLASSIFICATION["macro_f1"]
WORDS = metrics_for(["length"], [])[0]
NONE = [None] * 100


def test_without_skewness_the_limits_are_those_of_t() -> None:
    differences = np.concatenate([np.linspace(-1, 1, 41), np.linspace(-0.5, 0.5, 40)])
    limits = difference_limits(np.zeros(81), differences, metric=ROUGE)
    mean, half = differences.mean(), differences.std(ddof=1) / 9 * stats.t.ppf(0.95, 80)
    assert (limits.low, limits.high) == pytest.approx((mean - half, mean + half))
    assert (limits.method, limits.n, limits.units, limits.alpha, limits.df) == ("paired t, n=81", 81, 81, 0.05, 80)


def test_limits_of_skewed_differences_solve_halls_equation() -> None:
    """The limit solves g(T) = t with the skewness moved by its standard error; one in ten loses much, the others nothing."""
    differences = np.where(np.arange(100) % 10 == 0, -0.5, 0.0) + np.random.default_rng(7).normal(0, 0.05, 100)
    limits = difference_limits(np.zeros(100), differences, metric=ROUGE)
    skewness = (stats.skew(differences, bias=False) - (6 / 100) ** 0.5) / 10
    student = (differences.mean() - limits.low) / (differences.std(ddof=1) / 10)  # type: ignore[operator]
    g = student + skewness / 3 * student**2 + skewness**2 / 27 * student**3 + skewness / 6
    assert g == pytest.approx(stats.t.ppf(0.95, 99))
    assert student > 1.1 * stats.t.ppf(0.95, 99)
    assert limits.method == "paired t and Hall's, n=100"


def test_few_failures_among_many_examples_are_not_reliable() -> None:
    differences = np.random.default_rng(4).normal(0, 0.01, 60)
    differences[0] = -0.9
    limits = difference_limits(np.zeros(60), differences, metric=ROUGE)
    assert (limits.reliable, limits.reason) == (False, "a few examples dominate the mean")


# ---------------------------------------------------------------------------------------------------------------- claims


def test_claims_allow_for_failures_that_no_example_shows() -> None:
    """100 examples that all score about 0.9 could hide 3% that fail completely."""
    scores = np.random.default_rng(0).normal(0.9, 0.001, (100, 1, 1))
    plain = score_limits(scores, metric=ROUGE, groups=NONE)
    careful = score_claim_limits(scores, metric=ROUGE, groups=NONE, alpha=0.05)
    hidden = clopper_pearson_upper(0, 100)
    assert plain.estimate is not None and careful.low == pytest.approx(plain.estimate * (1 - hidden))
    assert careful.high == pytest.approx(plain.estimate + hidden * (1 - plain.estimate))
    differences = difference_claim_limits(scores, scores + 0.01, metric=ROUGE, groups=NONE, alpha=0.05)
    assert differences.low == pytest.approx(0.01 - hidden * 1.01), "a difference may be a whole scale apart"


def test_limits_of_proportions_allow_for_them_already() -> None:
    right = (np.random.default_rng(1).random((100, 1, 1)) < 0.9).astype(float)
    wrong = (np.random.default_rng(2).random((100, 1, 1)) < 0.8).astype(float)
    assert score_claim_limits(right, metric=ACCURACY, groups=NONE, alpha=0.05) == score_limits(right, metric=ACCURACY, groups=NONE)
    claim = difference_claim_limits(wrong, right, metric=ACCURACY, groups=NONE, alpha=0.05)
    assert claim == difference_limits(wrong, right, metric=ACCURACY, groups=NONE)


def test_an_unbounded_score_that_never_varied_has_no_limits() -> None:
    constant = np.full((100, 1, 1), 12.0)
    limits = score_claim_limits(constant, metric=WORDS, groups=NONE, alpha=0.05)
    assert (limits.estimate, limits.low, limits.high, limits.reliable) == (12.0, None, None, False)


def test_the_spread_of_seeds_is_included_on_request() -> None:
    rng = np.random.default_rng(3)
    base = rng.normal(0.5, 0.05, (100, 1, 1))
    tuned = base + np.array([0.05, 0.15, 0.25])[None, :, None]
    fixed = difference_claim_limits(base, tuned, metric=ROUGE, groups=NONE, alpha=0.05)
    over_seeds = difference_claim_limits(base, tuned, metric=ROUGE, groups=NONE, alpha=0.05, over_seeds=(False, True))
    spread = seed_spread(base, tuned, metric=ROUGE, varies_by_seed=(False, True), groups=NONE, confidence=0.9)
    assert spread is not None and fixed.low is not None and over_seeds.low is not None
    assert over_seeds.low == pytest.approx(spread.low) and over_seeds.low < fixed.low
    alone = score_claim_limits(tuned, metric=ROUGE, groups=NONE, alpha=0.05, over_seeds=True)
    assert alone.low is not None and alone.low < score_limits(tuned, metric=ROUGE, groups=NONE).low  # type: ignore[operator]


def test_the_spread_of_one_seed_is_refused() -> None:
    one = np.random.default_rng(4).random((100, 1, 1))
    with pytest.raises(ValueError, match="needs two seeds"):
        score_claim_limits(one, metric=ROUGE, groups=NONE, alpha=0.05, over_seeds=True)
    with pytest.raises(ValueError, match="needs two seeds"):
        difference_claim_limits(one, one, metric=ROUGE, groups=NONE, alpha=0.05, over_seeds=(False, True))
    with pytest.raises(ValueError, match="a score of single examples"):
        score_claim_limits(np.zeros((100, 2, 9)), metric=MACRO_F1, groups=NONE, alpha=0.05, over_seeds=True)


# ------------------------------------------------------------------------------------------------------------ thresholds


def limits(low: float | None, high: float | None, *, estimate: float = 0.5, reliable: bool = True) -> OneSidedLimits:
    return OneSidedLimits(estimate, low, high, 0.05, 100, 100, "made up", reliable, "" if reliable else "fewer than 30 examples")


@pytest.mark.parametrize(
    ("result", "status", "outcome"),
    [
        (limits(0.45, 0.55), "shown", "PASS"),
        (limits(0.3, 0.35), "refuted", "FAIL"),
        (limits(0.35, 0.65), "undecided", "INCONCLUSIVE"),
        (limits(0.4, 0.65), "undecided", "INCONCLUSIVE"),
        (limits(0.45, 0.55, reliable=False), "unreliable", "INCONCLUSIVE"),
        (limits(0.3, 0.35, reliable=False), "refuted", "FAIL"),
        (limits(None, None), "no_limits", "INCONCLUSIVE"),
    ],
)
def test_a_claim_is_decided_by_limits_that_are_reliable(result: OneSidedLimits, status: str, outcome: str) -> None:
    check = check_above(result, 0.4)
    assert (check.status, check.outcome) == (status, outcome)
    assert (check.examples_needed is not None) == (status == "undecided")


def test_the_assumed_gap_decides_how_many_examples_are_needed() -> None:
    wide = limits(0.2, 0.8)
    assert check_above(wide, 0.4).examples_needed == check_above(wide, 0.4, gap=0.1).examples_needed
    assert check_above(wide, 0.4, gap=0.05).examples_needed == pytest.approx(4 * check_above(wide, 0.4).examples_needed, abs=4)  # type: ignore[operator]
    assert check_above(limits(0.2, 0.8, estimate=0.3), 0.4).examples_needed is None, "the observed value is on the wrong side"


def test_limits_turn_with_the_direction_of_the_score() -> None:
    turned = orient(limits(0.3, 0.6), higher_is_better=False)
    assert (turned.estimate, turned.low, turned.high) == (-0.5, -0.6, -0.3)
    assert orient(limits(0.3, 0.6), higher_is_better=True) == limits(0.3, 0.6)
    assert orient(limits(None, None), higher_is_better=False).low is None
