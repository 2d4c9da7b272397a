"""Coverage and size of every paired method inside its stated range, in simulations that are too long for every day.

A 95% interval must cover the true difference in 93–97% of the cases, and a test must reject a true null hypothesis in at most
5% of them, apart from three standard errors of so many repetitions. The exact enumerations for counts are in
`comparison/test_paired_counts.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from chance import at_most, covers, enough

from harness.metrics import metrics_for
from harness.statistics import compare_scores, kept_gain, relative_improvement, relative_reduction
from harness.types import Metric

pytestmark = pytest.mark.soak

ROUGE = metrics_for(["rouge"], [])[2]
CLASSIFICATION = {m.name: m for m in metrics_for(["classification"], "abcd")}
AUROC = metrics_for(["probabilities"], "ab")[0]
ERRORS = {m.name: m for m in metrics_for(["facts"], [])}["critical_error_rate"]

Sides = tuple[np.ndarray, np.ndarray, "list[str] | None"]
Draw = Callable[[np.random.Generator], Sides]


def skewed(n: int) -> Draw:
    """Scores near 0 with a long tail, of which B's are the same on most rows."""

    def draw(rng: np.random.Generator) -> Sides:
        a = rng.beta(0.5, 4, n)
        b = np.where(rng.random(n) < 0.6, a, rng.beta(0.5, 4, n))
        return a, b, None

    return draw


def right_or_wrong(n: int, differing: float) -> Draw:
    """Yes or no; the two differ on few rows."""

    def draw(rng: np.random.Generator) -> Sides:
        kind = rng.choice(4, size=n, p=[0.7 - differing / 2, differing / 2, differing / 2, 0.3 - differing / 2])
        return np.isin(kind, (0, 1)).astype(float), np.isin(kind, (0, 2)).astype(float), None

    return draw


def failing(n: int) -> Draw:
    """B is like A but for one row in ten, on which it fails; what it gains elsewhere makes up for that."""

    def draw(rng: np.random.Generator) -> Sides:
        a = rng.beta(4, 2, n)
        return a, a + rng.normal(0.04, 0.05, n) - 0.4 * (rng.random(n) < 0.1), None

    return draw


def clusters(sizes: list[int], correlation: float = 0.5) -> Draw:
    """Patients with different numbers of examples, all of which are correlated."""
    names = [f"p{i}" for i, size in enumerate(sizes) for _ in range(size)]
    index = np.repeat(np.arange(len(sizes)), sizes)

    def draw(rng: np.random.Generator) -> Sides:
        a = rng.normal(0.5, 0.1, len(index))
        b = a + correlation**0.5 * rng.normal(0, 0.1, len(sizes))[index] + (1 - correlation) ** 0.5 * rng.normal(0, 0.1, len(index))
        return a, b, names

    return draw


def labels(n: int) -> Draw:
    """A classifier's counts for a macro average, the rarest class in a tenth of the rows."""
    eye = np.eye(4)

    def side(rng: np.random.Generator, gold: np.ndarray) -> np.ndarray:
        answer = np.where(rng.random(n) < 0.7, gold, rng.integers(4, size=n))
        return np.hstack([eye[gold] * (gold == answer)[:, None], eye[answer], eye[gold]])

    def draw(rng: np.random.Generator) -> Sides:
        gold = rng.choice(4, size=n, p=[0.4, 0.3, 0.2, 0.1])
        return side(rng, gold), side(rng, gold), None

    return draw


def ranked(n: int) -> Draw:
    """Two rankings of two classes, equally good."""

    def side(rng: np.random.Generator, gold: np.ndarray) -> np.ndarray:
        high = 1 / (1 + np.exp(-(rng.normal(0, 1, n) + np.where(gold == 1, 0.8, -0.8))))
        return np.stack([1 - high, high, gold == 0, gold == 1], axis=1)

    def draw(rng: np.random.Generator) -> Sides:
        gold = rng.integers(2, size=n)
        return side(rng, gold), side(rng, gold), None

    return draw


CASES = [
    pytest.param(skewed(30), ROUGE, id="skewed means, 30 examples"),
    pytest.param(skewed(100), ROUGE, id="skewed means, 100 examples"),
    pytest.param(right_or_wrong(50, 0.1), CLASSIFICATION["accuracy"], id="yes or no, 5 of 50 examples differ"),
    pytest.param(right_or_wrong(200, 0.05), CLASSIFICATION["accuracy"], id="yes or no, 10 of 200 examples differ"),
    pytest.param(failing(100), ROUGE, id="one of ten fails, 100 examples"),
    pytest.param(failing(200), ROUGE, id="one of ten fails, 200 examples"),
    pytest.param(clusters([5] * 12), ROUGE, id="12 patients of 5 examples"),
    pytest.param(clusters([1, 2, 3, 4, 5] * 8), ROUGE, id="40 patients of 1 to 5 examples"),
    pytest.param(clusters([30, 20] + [3] * 40, 0.02), ROUGE, id="two patients with many examples, nearly independent"),
    pytest.param(labels(150), CLASSIFICATION["macro_f1"], id="macro F1, 150 examples"),
    pytest.param(ranked(150), AUROC, id="AUROC, 150 examples"),
]


@pytest.mark.parametrize(("draw", "metric"), CASES)
def test_intervals_cover_and_tests_keep_their_size(draw: Draw, metric: Metric) -> None:
    rng, times = np.random.default_rng(0), enough(0.05)
    covered = rejected = 0
    for seed in range(times):
        a, b, groups = draw(rng)
        result = compare_scores(a, b, metric=metric, groups=groups, margin=None, resamples=600, seed=seed)
        assert result.low is not None and result.high is not None and result.p_value is not None
        covered += result.low <= 0 <= result.high
        rejected += result.p_value < 0.05
    assert covers(covered / times, times)
    assert at_most(0.05, rejected / times, times)


@pytest.mark.parametrize("correlation", [0.0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize(
    "sizes", [[30, 20] + [3] * 40, [1] * 15 + [2] * 6 + [4] * 4 + [8] * 3 + [20, 40], [2, 3, 4, 5, 6, 8, 10, 12, 15, 20]]
)
def test_few_and_unbalanced_patients_do_not_raise_the_size(sizes: list[int], correlation: float) -> None:
    """Correlated examples of a few large patients leave few degrees of freedom: the interval is wide, and not reliable."""
    rng, times, rejected, unreliable = np.random.default_rng(3), enough(0.05), 0, 0
    for _ in range(times):
        a, b, groups = clusters(sizes, correlation)(rng)
        result = compare_scores(a, b, metric=ROUGE, groups=groups, margin=None)
        rejected += result.p_value is not None and result.p_value < 0.05
        unreliable += not result.reliable
    assert at_most(0.05, rejected / times, times)
    assert unreliable > 0.95 * times or correlation < 0.5


def test_reductions_cover() -> None:
    """A true reduction of 60% of an error rate of 0.5, with errors that come together."""
    rng, times, covered = np.random.default_rng(1), enough(0.07), 0
    for seed in range(times):
        a = (rng.random(150) < 0.5).astype(float)
        b = a * (rng.random(150) < 0.4)
        result = relative_reduction(a, b, metric=ERRORS, resamples=600, seed=seed)
        assert result is not None and result.low is not None and result.high is not None
        covered += result.low <= 0.6 <= result.high
    assert covers(covered / times, times)


@pytest.mark.parametrize("n", [100, 300])
@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_relative_improvements_cover(n: int, correlation: float) -> None:
    """A true improvement of 40% of a skewed score, with sides that agree on hard examples or not."""
    rng, times, covered = np.random.default_rng(4), enough(0.07), 0
    for seed in range(times):
        shared = rng.beta(2, 5, n)
        a = np.where(rng.random(n) < correlation, shared, rng.beta(2, 5, n))
        b = 1.4 * np.where(rng.random(n) < correlation, shared, rng.beta(2, 5, n))
        result = relative_improvement(a, b, metric=ROUGE, resamples=600, seed=seed)
        assert result is not None and result.low is not None and result.high is not None
        covered += result.low <= 0.4 <= result.high
    assert covers(covered / times, times)


def test_kept_gain_covers() -> None:
    """Nine tenths of the gain are kept."""
    rng, times, covered = np.random.default_rng(2), enough(0.07), 0
    for seed in range(times):
        base = rng.beta(2, 5, 120)
        full, lora = base + 0.3 + rng.normal(0, 0.15, 120), base + 0.27 + rng.normal(0, 0.15, 120)
        result = kept_gain(base, full, lora, metric=ROUGE, resamples=600, seed=seed)
        assert result is not None and result.low is not None and result.high is not None
        covered += result.low <= 0.9 <= result.high
    assert covers(covered / times, times)
