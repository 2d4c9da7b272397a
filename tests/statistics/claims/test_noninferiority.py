"""Is B not worse than A by more than Δ? The three outcomes, and how rarely a wrong one passes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from chance import at_most, enough

from harness.metrics import metrics_for
from harness.statistics import compare_scores, not_worse
from harness.statistics.intervals import paired_proportion_limits

ROUGE = metrics_for(["rouge"], [])[2]
ACCURACY = {m.name: m for m in metrics_for(["classification"], "ab")}["accuracy"]
MACRO_F1 = {m.name: m for m in metrics_for(["classification"], "abcd")}["macro_f1"]
WORDS = metrics_for(["length"], [])[0]
ERRORS = {m.name: m for m in metrics_for(["facts"], [])}["critical_error_rate"]


@pytest.mark.parametrize(("shift", "outcome"), [(0.0, "PASS"), (-0.2, "FAIL"), (-0.048, "INCONCLUSIVE")])
def test_the_three_outcomes(shift: float, outcome: str) -> None:
    rng = np.random.default_rng(2)
    a = rng.beta(4, 2, 200)
    b = a + shift + rng.normal(0, 0.1, 200)
    result = not_worse(a, b, metric=ROUGE, margin=0.05)
    assert result.outcome == outcome
    assert result.loss == pytest.approx((a - b).mean())
    turned = not_worse(1 - a, 1 - b, metric=ERRORS, margin=0.05)
    assert (turned.outcome, turned.loss, turned.most) == (outcome, pytest.approx(result.loss), pytest.approx(result.most))


def test_limits_of_proportions_hold_on_each_side() -> None:
    """They are somewhat wider than Tango's two-sided interval at twice the error, which is crossed too often on one side."""
    rng = np.random.default_rng(3)
    a, b = rng.integers(2, size=(2, 90)).astype(float)
    result = not_worse(a, b, metric=ACCURACY, margin=0.1)
    low, high = paired_proportion_limits(int((b > a).sum()), int((b < a).sum()), 90, 0.05)
    assert (result.least, result.most) == pytest.approx((-high, -low))
    wide = compare_scores(a, b, metric=ACCURACY, margin=0.1, confidence=0.9)
    assert wide.low is not None and wide.high is not None and low < wide.low and high > wide.high


def test_a_fail_needs_the_two_sided_comparison_too() -> None:
    """Six lost and one gained of 50: worse by more than a hundredth on one side, undecided on two."""
    a, b = np.array([1.0] * 6 + [0.0] + [1.0] * 43), np.array([0.0] * 6 + [1.0] + [1.0] * 43)
    assert compare_scores(a, b, metric=ACCURACY, margin=0.01).verdict == "undecided"
    assert not_worse(a, b, metric=ACCURACY, margin=0.01).outcome == "INCONCLUSIVE"


def test_a_score_without_a_better_direction_is_refused() -> None:
    with pytest.raises(ValueError, match="higher or lower is better"):
        not_worse(np.ones(20), np.ones(20), metric=WORDS, margin=1.0)


def test_a_margin_must_be_positive() -> None:
    with pytest.raises(ValueError, match="above 0"):
        not_worse(np.ones(20), np.ones(20), metric=ROUGE, margin=0.0)


def test_a_single_example_is_inconclusive() -> None:
    result = not_worse(np.array([0.5]), np.array([0.6]), metric=ROUGE, margin=0.1)
    assert (result.outcome, result.loss, result.sample_size) == ("INCONCLUSIVE", None, None)


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
    rng, passed, metric = np.random.default_rng(4), 0, ACCURACY
    gained, lost = 0.05, 0.05 + margin
    for _ in range(times):
        drawn = rng.choice(3, size=n, p=[gained, lost, 1 - gained - lost])
        a, b = np.where(drawn == 0, 0.0, 1.0), np.where(drawn == 1, 0.0, 1.0)
        passed += not_worse(a, b, metric=metric, margin=margin).outcome == "PASS"
    return passed / times


def wrong_passes_of_patients(sizes: list[int], kind: str, times: int, margin: float = 0.05) -> float:
    """As `wrong_passes`, for examples that share half of their difference with all examples of their patient; without unreliable passes."""
    rng, passed = np.random.default_rng(4), 0
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    groups = [f"patient {g}" for g in cluster]
    for _ in range(times):
        a = rng.beta(0.5, 2, len(cluster))
        b = a - margin + (KINDS[kind](rng, len(sizes))[cluster] + KINDS[kind](rng, len(cluster))) / 2
        result = not_worse(a, b, metric=ROUGE, margin=margin, groups=groups)
        passed += result.outcome == "PASS" and result.reliable
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
    times = enough(0.05)
    assert at_most(0.05, wrong_passes(kind, n, times), times)


@pytest.mark.soak
@pytest.mark.parametrize("n", [50, 100, 500])
def test_wrong_passes_of_counts_in_a_long_simulation(n: int) -> None:
    times = enough(0.05)
    assert at_most(0.05, wrong_passes_of_counts(n, times), times)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("patients", PATIENTS)
def test_wrong_passes_of_patients_in_a_long_simulation(patients: str, kind: str) -> None:
    times = enough(0.05)
    assert at_most(0.05, wrong_passes_of_patients(PATIENTS[patients], kind, times), times)


def counts_of_answers(rng: np.random.Generator, gold: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The statistics of a macro average, (n, 12), of answers with this accuracy in each class."""
    eye = np.eye(4)
    answer = np.where(rng.random(len(gold)) < right[gold], gold, rng.integers(4, size=len(gold)))
    return np.hstack([eye[gold] * (gold == answer)[:, None], eye[answer], eye[gold]])


@pytest.mark.soak
@pytest.mark.parametrize("worse", [(0.85, 0.85, 0.85, 0.5), (0.75, 0.75, 0.75, 0.75)], ids=["in the rare class", "in all"])
def test_wrong_passes_of_macro_f1_in_a_long_simulation(worse: tuple[float, ...]) -> None:
    """The margin is the true loss, computed on two million examples."""
    rng, better, shares, passed = np.random.default_rng(0), np.full(4, 0.85), [0.4, 0.3, 0.2, 0.1], 0
    many = rng.choice(4, size=2_000_000, p=shares)
    totals = [counts_of_answers(rng, many, right).sum(axis=0) for right in (better, np.array(worse))]
    margin = float(np.subtract(*(np.mean(2 * t[:4] / (t[4:8] + t[8:])) for t in totals)))
    times = enough(0.05)
    for seed in range(times):
        gold = rng.choice(4, size=150, p=shares)
        a, b = counts_of_answers(rng, gold, better), counts_of_answers(rng, gold, np.array(worse))
        passed += not_worse(a, b, metric=MACRO_F1, margin=margin, resamples=1000, seed=seed).outcome == "PASS"
    assert at_most(0.05, passed / times, times)
