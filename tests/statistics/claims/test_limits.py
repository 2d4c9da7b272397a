"""One-sided limits: the formulas, and what claims about one model add to them."""

from __future__ import annotations

import numpy as np
import pytest
from chance import at_most, enough
from scipy import stats

from harness.metrics import metrics_for
from harness.statistics import (
    MeanSpread,
    OneSidedLimits,
    check_above,
    clopper_pearson_interval,
    clopper_pearson_upper,
    difference_claim_limits,
    observed_scores,
    orient,
    score_claim_limits,
    seed_spread,
)
from harness.statistics.intervals import MeanError, mean_error, mean_interval, mean_limits, paired_proportion_limits
from harness.types import Metric

ROUGE = metrics_for(["rouge"], [])[2]
CLASSIFICATION = {m.name: m for m in metrics_for(["classification"], "abc")}
ACCURACY, MACRO_F1 = CLASSIFICATION["accuracy"], CLASSIFICATION["macro_f1"]
AUROC = metrics_for(["probabilities"], "ab")[0]
BLEU = metrics_for(["bleu"], [])[0]
WORDS = metrics_for(["length"], [])[0]
NONE = [None] * 100


def test_without_skewness_the_limits_are_those_of_t() -> None:
    differences = np.concatenate([np.linspace(-1, 1, 41), np.linspace(-0.5, 0.5, 40)])
    limits = difference_claim_limits(np.zeros(81), differences, metric=ROUGE, groups=None, alpha=0.05)
    mean, half = differences.mean(), differences.std(ddof=1) / 9 * stats.t.ppf(0.95, 80)
    assert (limits.low, limits.high) == pytest.approx((mean - half, mean + half))
    assert (limits.method, limits.n, limits.units, limits.alpha, limits.df) == ("paired t, n=81", 81, 81, 0.05, 80)


def test_limits_of_skewed_differences_solve_halls_equation() -> None:
    """The limit solves g(T) = t with the skewness moved by its standard error; one in ten loses much, the others nothing."""
    differences = np.where(np.arange(100) % 10 == 0, -0.5, 0.0) + np.random.default_rng(7).normal(0, 0.05, 100)
    limits = difference_claim_limits(np.zeros(100), differences, metric=ROUGE, groups=None, alpha=0.05)
    skewness = (stats.skew(differences, bias=False) - (6 / 100) ** 0.5) / 10
    student = (differences.mean() - limits.low) / (differences.std(ddof=1) / 10)  # type: ignore[operator]
    g = student + skewness / 3 * student**2 + skewness**2 / 27 * student**3 + skewness / 6
    assert g == pytest.approx(stats.t.ppf(0.95, 99))
    assert student > 1.1 * stats.t.ppf(0.95, 99)
    assert limits.method == "paired t and Hall's, n=100"


def test_reliability_is_decided_by_the_design() -> None:
    """Samples that happen to show an outlier are no less reliable than those that missed it."""
    differences = np.random.default_rng(4).normal(0, 0.01, 60)
    calm = difference_claim_limits(np.zeros(60), differences, metric=ROUGE, groups=None, alpha=0.05)
    differences[0] = -0.9
    wild = difference_claim_limits(np.zeros(60), differences, metric=ROUGE, groups=None, alpha=0.05)
    assert calm.reliable and wild.reliable
    few = difference_claim_limits(np.zeros(29), differences[:29], metric=ROUGE, groups=None, alpha=0.05)
    assert (few.reliable, few.reason) == (False, "fewer than 30 examples")


def test_no_limit_of_a_mean_is_beyond_hoeffdings() -> None:
    """Three failures among 40 examples: Hall's limit alone is 0.27 below the mean, further than any 40 values can be wrong."""
    scores = np.ones(40)
    scores[:3] = 0.1
    half, error = np.sqrt(np.log(20) / 80), mean_error(scores)
    assert mean_limits(float(scores.mean()), error, 0.05)[0] < scores.mean() - 1.3 * half
    limits = score_claim_limits(scores[:, None, None], metric=ROUGE, groups=[None] * 40, alpha=0.05)
    assert limits.low == pytest.approx(scores.mean() - half)
    estimate = mean_interval(scores, scale=1.0)
    assert estimate.low == pytest.approx(scores.mean() - np.sqrt(np.log(40) / 80))


# ---------------------------------------------------------------------------------------------------------------- claims


def test_claims_allow_for_failures_that_no_example_shows() -> None:
    """100 examples that all score about 0.9 could hide 3% that fail completely."""
    scores = np.random.default_rng(0).normal(0.9, 0.001, (100, 1, 1))
    careful = score_claim_limits(scores, metric=ROUGE, groups=NONE, alpha=0.05)
    value, hidden = float(scores.mean()), clopper_pearson_upper(0, 100)
    assert careful.low == pytest.approx(value * (1 - hidden))
    assert careful.high == pytest.approx(value + hidden * (1 - value))
    differences = difference_claim_limits(scores, scores + 0.01, metric=ROUGE, groups=NONE, alpha=0.05)
    assert differences.low == pytest.approx(0.01 - hidden * 1.01), "a difference may be a whole scale apart"


def test_limits_of_proportions_allow_for_them_already() -> None:
    right = (np.random.default_rng(1).random((100, 1, 1)) < 0.9).astype(float)
    wrong = (np.random.default_rng(2).random((100, 1, 1)) < 0.8).astype(float)
    score, exact = score_claim_limits(right, metric=ACCURACY, groups=NONE, alpha=0.05), clopper_pearson_interval(int(right.sum()), 100, 0.9)
    assert (score.low, score.high) == (exact.low, exact.high)
    claim = difference_claim_limits(wrong, right, metric=ACCURACY, groups=NONE, alpha=0.05)
    gained, lost = int((right > wrong).sum()), int((right < wrong).sum())
    assert (claim.low, claim.high) == paired_proportion_limits(gained, lost, 100, 0.05)


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
    assert alone.low is not None and alone.low < score_claim_limits(tuned, metric=ROUGE, groups=NONE, alpha=0.05).low  # type: ignore[operator]


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
    reason, spread = "" if reliable else "fewer than 30 examples", MeanSpread(100, MeanError(0.2, 99))
    return OneSidedLimits(estimate, low, high, 0.05, 100, 100, "made up", reliable, reason, spread=spread)


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
    assert (check.sample_size is not None) == (status == "undecided")


def test_the_assumed_value_decides_how_many_examples_are_needed() -> None:
    wide = limits(0.2, 0.8)
    observed = check_above(wide, 0.4).sample_size
    assert observed is not None and (observed.assumption, observed.assumed) == ("observed", 0.5)
    equal = check_above(wide, 0.4, equal=0.45).sample_size
    assert equal is not None and equal.assumption == "equal"
    assert equal.examples == pytest.approx(4 * observed.examples, rel=0.02), "half of the distance"
    assert check_above(limits(0.2, 0.8, estimate=0.3), 0.4).sample_size is None, "the observed value is on the wrong side"


def test_limits_turn_with_the_direction_of_the_score() -> None:
    turned = orient(limits(0.3, 0.6), higher_is_better=False)
    assert (turned.estimate, turned.low, turned.high) == (-0.5, -0.6, -0.3)
    assert orient(limits(0.3, 0.6), higher_is_better=True) == limits(0.3, 0.6)
    assert orient(limits(None, None), higher_is_better=False).low is None


# ---------------------------------------------------------------------------------------------------------------- a share of A


def test_limits_with_a_factor_are_those_of_the_scaled_scores() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(5, 1, (2, 100))
    seeds = np.stack([b, b + 0.2, b - 0.1], axis=1)
    for candidate, over in ((b, False), (seeds, True)):
        limits, scaled = (
            difference_claim_limits(first, candidate, metric=WORDS, groups=None, alpha=0.05, over_seeds=(False, over), factor=factor)
            for first, factor in ((a, 0.8), (0.8 * a, 1.0))
        )
        assert (limits.estimate, limits.low, limits.high) == pytest.approx((scaled.estimate, scaled.low, scaled.high))


def test_unseen_failures_cost_no_more_than_the_share_of_the_scale() -> None:
    """B − 0.8 · A is at least −0.8, where B fails and A is perfect."""
    a = np.full(100, 0.5)
    limits = difference_claim_limits(a, a, metric=ROUGE, groups=None, alpha=0.05, factor=0.8)
    assert limits.low == pytest.approx(0.1 - (1 - 0.05**0.01) * 0.9)


def corpus_pair(metric: Metric, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A, and B that is worse by about 10%: two classifiers of two labels, two rankings, or two sets of translations."""
    gold = (rng.random(n) < 0.3).astype(int)
    if metric is AUROC:
        common = rng.normal(size=n)
        sides = [1 / (1 + np.exp(-(common + rng.normal(0, 0.7, n) + shift * (gold - 0.5)))) for shift in (2.5, 1.6)]
        a, b = (np.stack([1 - high, high, gold == 0, gold == 1], axis=1).astype(float) for high in sides)
        return a, b
    if metric is MACRO_F1:
        eye, hard = np.eye(3), rng.random(n)
        right = [np.where(rng.random(n) < 0.7, hard, rng.random(n)) < share for share in (0.9, 0.81)]
        answers = [np.where(each, gold, 1 - gold) for each in right]
        a, b = (np.hstack([eye[gold] * each[:, None], eye[answer], eye[gold]]) for each, answer in zip(right, answers, strict=True))
        return a, b
    words = rng.integers(8, 25, n)
    matched = [[rng.binomial(np.maximum(words - k, 0), share * 0.9**k) for k in range(4)] for share in (0.7, 0.66)]
    possible = [np.maximum(words - k, 0) for k in range(4)]
    a, b = (np.stack([words, words, *each, *possible], axis=1).astype(float) for each in matched)
    return a, b


def wrong_shares(metric: Metric, n: int, times: int) -> float:
    """How often B is called better than a share of A that is exactly what it has."""
    large = [observed_scores(metric, side[:, None])[0] for side in corpus_pair(metric, np.random.default_rng(0), 400_000)]
    rng, factor, wrong = np.random.default_rng(n), float(large[1] / large[0]), 0
    for seed in range(times):
        a, b = corpus_pair(metric, rng, n)
        low = difference_claim_limits(a, b, metric=metric, groups=None, alpha=0.05, factor=factor, resamples=1000, seed=seed).low
        wrong += low is not None and low > 0
    return wrong / times


@pytest.mark.parametrize("metric", [MACRO_F1, AUROC, BLEU], ids=lambda metric: metric.name)
def test_a_share_of_a_corpus_score_is_rarely_claimed_wrongly(metric: Metric) -> None:
    assert at_most(0.05, wrong_shares(metric, 150, 60), 60)


@pytest.mark.soak
@pytest.mark.parametrize("n", [100, 300])
@pytest.mark.parametrize("metric", [MACRO_F1, AUROC, BLEU], ids=lambda metric: metric.name)
def test_a_share_of_a_corpus_score_in_a_long_simulation(metric: Metric, n: int) -> None:
    times = enough(0.05)
    share = wrong_shares(metric, n, times)
    print(f"share of {metric.name}, n = {n}: {share:.1%} wrong")
    assert at_most(0.05, share, times)
