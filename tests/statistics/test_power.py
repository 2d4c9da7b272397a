"""A difference that is called detectable is found four times in five, and "not worse" is wrong as rarely as it says."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from chance import at_most
from scipy import stats
from statsmodels.stats.power import TTestPower

from harness.metrics import metrics_for
from harness.statistics import compare_scores, detectable_mean, detectable_share, mcnemar_midp, needed_rows, not_worse, one_sided_limits
from harness.statistics.proportions import one_sided_share_limits

ROUGE = metrics_for(["rouge"], [])[2]
CLASSIFICATION = {m.name: m for m in metrics_for(["classification"], "ab")}
MACRO_F1 = {m.name: m for m in metrics_for(["classification"], "abcd")}["macro_f1"]
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


def test_limits_of_counts_hold_on_one_side_each() -> None:
    """Somewhat wider than Tango's two-sided interval of twice the error, which is crossed too often on one side."""
    rng = np.random.default_rng(3)
    a, b = rng.integers(2, size=(2, 90)).astype(float)
    found = not_worse(a, b, metric=CLASSIFICATION["accuracy"], margin=0.1)
    low, high = one_sided_share_limits(int((b > a).sum()), int((b < a).sum()), 90, 0.05)
    assert (found.least, found.most) == pytest.approx((-high, -low))
    wide = compare_scores(a, b, metric=CLASSIFICATION["accuracy"], margin=0.1, confidence=0.9)
    assert wide.low is not None and wide.high is not None and low < wide.low and high > wide.high


def test_what_is_not_worse_at_all_does_not_fail() -> None:
    """Six lost and one gained of 50: worse by more than a hundredth on one side, undecided on two."""
    a, b = np.array([1.0] * 6 + [0.0] + [1.0] * 43), np.array([0.0] * 6 + [1.0] + [1.0] * 43)
    assert compare_scores(a, b, metric=CLASSIFICATION["accuracy"], margin=0.01).verdict == "undecided"
    assert not_worse(a, b, metric=CLASSIFICATION["accuracy"], margin=0.01).outcome == "INCONCLUSIVE"


def test_without_skewness_the_limits_are_those_of_t() -> None:
    differences = np.concatenate([np.linspace(-1, 1, 41), np.linspace(-0.5, 0.5, 40)])
    found = one_sided_limits(np.zeros(81), differences, metric=ROUGE)
    mean, reach = differences.mean(), differences.std(ddof=1) / 9 * stats.t.ppf(0.95, 80)
    assert (found.low, found.high) == pytest.approx((mean - reach, mean + reach))
    assert found.method == "paired t, n=81"


def test_the_formula_of_hall() -> None:
    """The limit solves g(T) = t with the skewness moved by its standard error; one in ten loses much, the others nothing."""
    differences = np.where(np.arange(100) % 10 == 0, -0.5, 0.0) + np.random.default_rng(7).normal(0, 0.05, 100)
    found = one_sided_limits(np.zeros(100), differences, metric=ROUGE)
    skewness = (stats.skew(differences, bias=False) - (6 / 100) ** 0.5) / 10
    student = (differences.mean() - found.low) / (differences.std(ddof=1) / 10)  # type: ignore[operator]
    g = student + skewness / 3 * student**2 + skewness**2 / 27 * student**3 + skewness / 6
    assert g == pytest.approx(stats.t.ppf(0.95, 99))
    assert student > 1.1 * stats.t.ppf(0.95, 99)
    assert found.method == "paired t and Hall's, n=100"


@pytest.mark.parametrize("shift", [-0.2, -0.05, 0.05, 0.2])
def test_the_p_value_is_the_level_of_the_interval_that_ends_at_0(shift: float) -> None:
    differences = np.random.default_rng(8).exponential(0.3, 60) - 0.3
    differences += shift - differences.mean()
    p_value = compare_scores(np.zeros(60), differences, metric=ROUGE, margin=None).p_value
    assert p_value is not None
    found = compare_scores(np.zeros(60), differences, metric=ROUGE, margin=None, confidence=1 - p_value)
    assert (found.low if shift > 0 else found.high) == pytest.approx(0, abs=1e-9)
    assert p_value >= stats.ttest_1samp(differences, 0).pvalue


def test_few_failures_among_many_examples_are_not_reliable() -> None:
    differences = np.random.default_rng(4).normal(0, 0.01, 60)
    differences[0] = -0.9
    assert not one_sided_limits(np.zeros(60), differences, metric=ROUGE).reliable


def test_what_has_no_better_direction_is_never_worse() -> None:
    with pytest.raises(ValueError, match="nothing is worse"):
        not_worse(np.ones(20), np.ones(20), metric=WORDS, margin=1.0)


def test_too_few_rows_are_inconclusive() -> None:
    found = not_worse(np.array([0.5]), np.array([0.6]), metric=ROUGE, margin=0.1)
    assert (found.outcome, found.loss, found.rows_needed) == ("INCONCLUSIVE", None, None)


Differences = Callable[[np.random.Generator, int], np.ndarray]

# B − A, 0 on average
KINDS: dict[str, Differences] = {
    "few do much better": lambda rng, n: rng.exponential(0.1, n) - 0.1,
    "few do much worse": lambda rng, n: 0.1 - rng.exponential(0.1, n),
    "one in ten fails": lambda rng, n: rng.normal(0, 0.05, n) - 0.4 * (rng.random(n) < 0.1) + 0.04,
    "most are equal": lambda rng, n: (rng.random(n) < 0.4) * (rng.beta(0.5, 4, n) - rng.beta(0.5, 4, n)),
    "few differ, all for the worse": lambda rng, n: 0.09 - (rng.random(n) < 0.3) * rng.exponential(0.3, n),
}


def wrong_passes(kind: str, n: int, times: int, margin: float = 0.05) -> float:
    """How often a strategy that is worse by exactly the margin passes."""
    rng, passed = np.random.default_rng(4), 0
    for _ in range(times):
        a = rng.beta(0.5, 2, n)
        passed += not_worse(a, a - margin + KINDS[kind](rng, n), metric=ROUGE, margin=margin).outcome == "PASS"
    return passed / times


def wrong_passes_of_counts(n: int, times: int, margin: float = 0.05) -> float:
    rng, passed, metric = np.random.default_rng(4), 0, CLASSIFICATION["accuracy"]
    gained, lost = 0.05, 0.05 + margin
    for _ in range(times):
        drawn = rng.choice(3, size=n, p=[gained, lost, 1 - gained - lost])
        a, b = np.where(drawn == 0, 0.0, 1.0), np.where(drawn == 1, 0.0, 1.0)
        passed += not_worse(a, b, metric=metric, margin=margin).outcome == "PASS"
    return passed / times


def wrong_passes_of_patients(sizes: list[int], kind: str, times: int, margin: float = 0.05) -> float:
    """As `wrong_passes`, of rows that share half of their difference with all of their patient; unreliable passes apart."""
    rng, passed = np.random.default_rng(4), 0
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    groups = [f"patient {g}" for g in cluster]
    for _ in range(times):
        a = rng.beta(0.5, 2, len(cluster))
        b = a - margin + (KINDS[kind](rng, len(sizes))[cluster] + KINDS[kind](rng, len(cluster))) / 2
        found = not_worse(a, b, metric=ROUGE, margin=margin, groups=groups)
        passed += found.outcome == "PASS" and found.reliable
    return passed / times


PATIENTS = {"30 of 4": [4] * 30, "40 of 3, and two of 30": [3] * 40 + [30, 30], "40 of 1 to 5": [1, 2, 3, 4, 5] * 8, "100 of 3": [3] * 100}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [30, 200])
def test_wrong_passes_are_rare(n: int, kind: str) -> None:
    assert at_most(0.05, wrong_passes(kind, n, 400), 400)


@pytest.mark.parametrize("n", [50, 200])
def test_wrong_passes_of_counts_are_rare(n: int) -> None:
    assert at_most(0.05, wrong_passes_of_counts(n, 400), 400)


@pytest.mark.parametrize("kind", ["few do much better", "few do much worse"])
@pytest.mark.parametrize("patients", PATIENTS)
def test_wrong_passes_of_patients_are_rare(patients: str, kind: str) -> None:
    assert at_most(0.05, wrong_passes_of_patients(PATIENTS[patients], kind, 300), 300)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [30, 50, 100, 500])
def test_wrong_passes_of_a_long_simulation(n: int, kind: str) -> None:
    assert at_most(0.05, wrong_passes(kind, n, 10_000), 10_000)


@pytest.mark.soak
@pytest.mark.parametrize("n", [50, 100, 500])
def test_wrong_passes_of_counts_in_a_long_simulation(n: int) -> None:
    assert at_most(0.05, wrong_passes_of_counts(n, 10_000), 10_000)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("patients", PATIENTS)
def test_wrong_passes_of_patients_in_a_long_simulation(patients: str, kind: str) -> None:
    assert at_most(0.05, wrong_passes_of_patients(PATIENTS[patients], kind, 6000), 6000)


def counts_of_answers(rng: np.random.Generator, gold: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The statistics of a macro average, (n, 12), of answers that are right so often in each class."""
    eye = np.eye(4)
    answer = np.where(rng.random(len(gold)) < right[gold], gold, rng.integers(4, size=len(gold)))
    return np.hstack([eye[gold] * (gold == answer)[:, None], eye[answer], eye[gold]])


@pytest.mark.soak
@pytest.mark.parametrize("worse", [(0.85, 0.85, 0.85, 0.5), (0.75, 0.75, 0.75, 0.75)], ids=["in the rare class", "in all"])
def test_wrong_passes_of_macro_f1_in_a_long_simulation(worse: tuple[float, ...]) -> None:
    """The margin is what is truly lost, counted on two million rows."""
    rng, better, shares, passed = np.random.default_rng(0), np.full(4, 0.85), [0.4, 0.3, 0.2, 0.1], 0
    many = rng.choice(4, size=2_000_000, p=shares)
    totals = [counts_of_answers(rng, many, right).sum(axis=0) for right in (better, np.array(worse))]
    margin = float(np.subtract(*(np.mean(2 * t[:4] / (t[4:8] + t[8:])) for t in totals)))
    for seed in range(1500):
        gold = rng.choice(4, size=150, p=shares)
        a, b = counts_of_answers(rng, gold, better), counts_of_answers(rng, gold, np.array(worse))
        passed += not_worse(a, b, metric=MACRO_F1, margin=margin, resamples=1000, seed=seed).outcome == "PASS"
    assert at_most(0.05, passed / 1500, 1500)
