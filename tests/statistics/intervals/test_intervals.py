"""Intervals agree with other libraries, and cover at their level inside the range that they state."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from chance import covers
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from harness.metrics.family import mean_of_total
from harness.statistics import (
    bootstrap_interval,
    clopper_pearson_interval,
    clopper_pearson_upper,
    mean_interval,
    proportion_interval,
)
from harness.statistics.examples import cluster_index
from harness.statistics.intervals import mean_error

UNBALANCED = [1, 1, 2, 3, 5, 8, 2, 4, 4, 1, 7]


def groups_of(sizes: list[int]) -> list[str]:
    return [f"patient {k}" for k, size in enumerate(sizes) for _ in range(size)]


def test_t_interval_agrees_with_scipy() -> None:
    values = np.random.default_rng(0).beta(2, 3, size=40)
    result, expected = mean_interval(values), stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (result.low, result.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert result.df == 39
    assert result.method == "t, n=40"


def test_groups_of_one_example_change_nothing() -> None:
    values = np.random.default_rng(1).normal(size=35)
    assert mean_interval(values, [f"g{k}" for k in range(35)]) == mean_interval(values, [None] * 35) == mean_interval(values)


def explicit_cr2(values: np.ndarray, cluster: np.ndarray, correlation: float) -> tuple[float, float]:
    """CR2 and Satterthwaite degrees of freedom by the matrices of Bell & McCaffrey (2002) for any design and working covariance."""
    n = len(values)
    design = np.ones((n, 1))
    bread = np.linalg.inv(design.T @ design)
    residual = np.eye(n) - design @ bread @ design.T
    working = (1 - correlation) * np.eye(n) + correlation * (cluster[:, None] == cluster)
    left = residual @ working @ residual.T
    variance, columns = 0.0, []
    for g in range(cluster.max() + 1):
        rows = np.flatnonzero(cluster == g)
        root = np.linalg.cholesky(working[np.ix_(rows, rows)])
        eigenvalues, vectors = np.linalg.eigh(root.T @ left[np.ix_(rows, rows)] @ root)
        adjust = root @ vectors @ np.diag(eigenvalues**-0.5) @ vectors.T @ root.T
        weights = (bread @ design[rows].T @ adjust)[0]
        variance += float(weights @ (residual @ values)[rows]) ** 2
        columns.append(weights @ residual[rows])
    gram = np.array(columns) @ working @ np.array(columns).T
    return variance**0.5, float(np.trace(gram) ** 2 / np.sum(gram * gram))


def correlation_of(values: np.ndarray, cluster: np.ndarray) -> float:
    """ρ from the table of the analysis of variance that statsmodels makes, with the typical size of unequal groups."""
    import statsmodels.api as sm
    from statsmodels.formula.api import ols

    table = sm.stats.anova_lm(ols("y ~ C(g)", pd.DataFrame({"y": values, "g": cluster})).fit())
    between, within = table["mean_sq"]
    sizes = np.bincount(cluster)
    typical = (len(values) - (sizes**2).sum() / len(values)) / (len(sizes) - 1)
    shared = max(0.0, (between - within) / typical)
    return float(shared / (shared + within))


@pytest.mark.parametrize("move_together", [False, True])
@pytest.mark.parametrize("sizes", [UNBALANCED, [5] * 8, [30, 1, 1, 2], [2, 3]])
def test_cluster_robust_is_the_matrix_formula(sizes: list[int], move_together: bool) -> None:
    rng = np.random.default_rng(len(sizes))
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    order = rng.permutation(len(cluster))  # the examples of a cluster need not be adjacent
    values, cluster = rng.normal(size=len(cluster)), cluster[order]
    if move_together:
        values += 2 * rng.normal(size=len(sizes))[cluster]
    rho = correlation_of(values, cluster)
    result = mean_error(values, cluster)
    assert (result.se, result.df) == pytest.approx(explicit_cr2(values, cluster, rho), rel=1e-8)
    assert not move_together or len(sizes) < 3 or rho > 0.3


def test_equal_clusters_have_one_degree_of_freedom_less_than_clusters() -> None:
    assert mean_error(np.random.default_rng(3).normal(size=60), np.repeat(np.arange(12), 5)).df == pytest.approx(11)


def test_clusters_of_one_example_are_independent() -> None:
    values = np.random.default_rng(3).exponential(size=40)
    result = mean_error(values, np.arange(40))
    assert (result.se, result.df) == pytest.approx((values.std(ddof=1) / 40**0.5, 39))
    assert result.skewness == pytest.approx(stats.skew(values, bias=False) / 40**0.5)
    assert result == mean_error(values)


def test_many_clusters_need_no_matrix_of_all_pairs() -> None:
    sizes = np.random.default_rng(4).integers(1, 4, size=50_000)
    cluster = np.repeat(np.arange(50_000), sizes)
    result = mean_error(np.random.default_rng(5).normal(size=len(cluster)), cluster)
    assert result.df > 30_000


def test_cluster_robust_beside_statsmodels() -> None:
    """statsmodels has no CR2 for clusters; with equal clusters CR2 is its CR1 without the factor (n−1)/(n−1), G/(G−1)."""
    import statsmodels.api as sm

    values, cluster = np.random.default_rng(4).normal(size=60), np.repeat(np.arange(12), 5)
    fit = sm.OLS(values, np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": cluster})
    assert mean_error(values, cluster).se == pytest.approx(float(fit.bse[0]), rel=1e-10)


@pytest.mark.parametrize(
    ("values", "groups", "reason"),
    [([], None, "no examples"), ([0.5], None, "only one example"), ([0.1, 0.9], ["a", "a"], "all 2 examples are in one group")],
)
def test_no_interval_says_why(values: list[float], groups: list[str] | None, reason: str) -> None:
    result = mean_interval(np.array(values), groups)
    assert (result.low, result.high, result.n, result.reliable) == (None, None, len(values), False)
    assert result.reason == reason


def test_few_examples_and_few_clusters_are_not_reliable() -> None:
    rng = np.random.default_rng(5)
    few = mean_interval(rng.normal(size=7))
    assert (few.method, few.reliable, few.reason) == ("t, n=7", False, "fewer than 30 examples")
    uneven = mean_interval(rng.normal(size=43), groups_of([40, 1, 1, 1]))
    assert (uneven.units, uneven.reliable, uneven.reason) == (4, False, "fewer than 10 degrees of freedom")
    enough = mean_interval(rng.normal(size=60), groups_of([3] * 20))
    assert (enough.n, enough.units, enough.reliable, enough.reason) == (60, 20, True, "")
    constant = mean_interval(np.ones(50))
    assert (constant.method, constant.reliable, constant.reason) == ("t, n=50", False, "all examples have the same value")


def test_reliability_does_not_depend_on_the_look_of_the_values() -> None:
    """Of lognormal samples, those that missed the tail look least skewed, and cover least: 86% where all cover 95%."""
    rng, covered, calm = np.random.default_rng(3), [], []
    for _ in range(400):
        values = rng.lognormal(0, 1, 50)
        result = mean_interval(values)
        assert (result.reliable, result.method) in ((True, "t and Hall's, n=50"), (True, "t, n=50"))
        covered.append(result.low <= np.exp(0.5) <= result.high)  # type: ignore[operator]
        calm.append(abs(mean_error(values).skewness) < 0.25)
    assert covers(float(np.mean(covered)), 400, high=0.99)
    assert np.mean(np.array(covered)[calm]) < 0.93


def test_cluster_index() -> None:
    assert cluster_index(["a", None, "b", "a", None], 5).tolist() == [0, 1, 2, 0, 3]  # type: ignore[union-attr]
    assert cluster_index(["a", None, None], 3) is None
    with pytest.raises(ValueError, match="2 groups for 3 examples"):
        cluster_index(["a", "a"], 3)


@pytest.mark.parametrize(("successes", "n"), [(0, 20), (1, 20), (7, 20), (20, 20), (350, 1000)])
def test_proportions_agree_with_statsmodels(successes: int, n: int) -> None:
    interval, exact = proportion_interval(successes, n), clopper_pearson_interval(successes, n)
    wilson = proportion_confint(successes, n, method="wilson")
    assert exact.low - 1e-12 <= interval.low <= wilson[0] + 1e-12 and wilson[1] - 1e-12 <= interval.high  # type: ignore[operator]
    assert (exact.low, exact.high) == pytest.approx(proportion_confint(successes, n, method="beta"), abs=1e-12)
    assert clopper_pearson_upper(successes, n, 0.975) == pytest.approx(exact.high)


def test_upper_limit_of_a_rate_without_events() -> None:
    assert clopper_pearson_upper(0, 300) == pytest.approx(1 - 0.05 ** (1 / 300))
    assert clopper_pearson_upper(0, 0) == 1.0
    assert proportion_interval(0, 0).low is None
    assert (proportion_interval(3, 29).method, proportion_interval(3, 29).reliable) == ("Wilson and mid-P, n=29", False)
    assert proportion_interval(3, 30).reliable
    with pytest.raises(ValueError, match="3 successes in 2 examples"):
        proportion_interval(3, 2)


def test_bootstrap_of_a_mean_is_close_to_t_and_repeats_itself() -> None:
    values = np.random.default_rng(6).beta(2, 3, size=(200, 1))
    result, again = (bootstrap_interval(values, mean_of_total, seed=3, resamples=4000) for _ in range(2))
    assert result == again
    expected = mean_interval(values[:, 0])
    assert (result.low, result.high) == pytest.approx((expected.low, expected.high), abs=0.003)
    assert result.method == "bootstrap percentile, n=200, 4000 resamples, seed 3"
    assert bootstrap_interval(values, mean_of_total, seed=4, resamples=4000) != result


def test_bootstrap_draws_whole_groups() -> None:
    """Ten copies of each example in one group must not make the interval narrower than the examples alone."""
    values = np.random.default_rng(7).normal(size=(120, 1))
    alone = bootstrap_interval(values, mean_of_total, resamples=1000)
    copied = bootstrap_interval(np.repeat(values, 10, axis=0), mean_of_total, np.repeat(np.arange(120), 10), resamples=1000)
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high), abs=1e-12)
    assert "n=1200 in 120 groups" in copied.method


def test_a_bootstrap_says_why_it_is_not_reliable() -> None:
    many = np.ones((150, 2))
    many[3:, 1] = 0
    rare, few = bootstrap_interval(many, mean_of_total), bootstrap_interval(many[:60, :1], mean_of_total)
    assert rare.method.endswith("rarest count in 3 examples") and few.method.endswith("seed 0")
    assert (rare.reliable, rare.reason) == (False, "a class or count occurs in fewer than 5 examples")
    assert (few.reliable, few.reason) == (False, "fewer than 100 examples")
    assert bootstrap_interval(many[:1], mean_of_total).low is None


# --------------------------------------------------------------------------------------------------------------- simulations


@pytest.mark.parametrize(("a", "b", "n"), [(2, 3, 30), (0.5, 4, 100), (0.5, 0.5, 30)])
def test_means_are_covered(a: float, b: float, n: int) -> None:
    samples = np.random.default_rng(8).beta(a, b, size=(2000, n))
    intervals = [mean_interval(sample) for sample in samples]
    assert covers(float(np.mean([i.low <= a / (a + b) <= i.high for i in intervals])), 2000)  # type: ignore[operator]


@pytest.mark.parametrize("correlation", [0.0, 0.2, 0.8])
@pytest.mark.parametrize("sizes", [[5] * 12, UNBALANCED * 3, [40] + [2] * 60, [30, 20] + [3] * 40])
def test_cluster_interval_covers(sizes: list[int], correlation: float) -> None:
    rng, cluster = np.random.default_rng(9), np.repeat(np.arange(len(sizes)), sizes)
    shared = rng.normal(size=(1500, len(sizes)))[:, cluster]
    samples = correlation**0.5 * shared + (1 - correlation) ** 0.5 * rng.normal(size=(1500, len(cluster)))
    errors = [mean_error(sample, cluster) for sample in samples]
    half = np.array([error.se * stats.t.ppf(0.975, error.df) for error in errors])
    covered = float(np.mean(np.abs(samples.mean(axis=1)) <= half))
    if np.median([error.df for error in errors]) >= 10:  # inside the stated range
        assert covers(covered, len(samples))
    else:
        assert covers(covered, len(samples), high=1.0), "a few large clusters: wide, but never short"


def test_ignoring_groups_would_not_cover() -> None:
    """What the cluster-robust interval is for."""
    rng, cluster = np.random.default_rng(10), np.repeat(np.arange(20), 10)
    samples = rng.normal(size=(1000, 20))[:, cluster] + rng.normal(size=(1000, 200))
    naive = stats.t.ppf(0.975, 199) * samples.std(axis=1, ddof=1) / 200**0.5
    assert np.mean(np.abs(samples.mean(axis=1)) <= naive) < 0.7


@pytest.mark.parametrize("n", [30, 33, 50, 200, 1000])
def test_proportions_are_covered_whatever_they_are(n: int) -> None:
    """Enumerated, with the shares just inside and outside of every limit, where the coverage jumps."""
    limits = np.array([(i.low, i.high) for i in (proportion_interval(k, n) for k in range(n + 1))], dtype=float)
    edges = np.unique(limits[(limits > 0) & (limits < 1)])
    shares = np.clip(np.concatenate([edges - 1e-9, edges + 1e-9, np.geomspace(0.01 / n, 0.5, 200)]), 1e-9, 1 - 1e-9)[:, None]
    inside = (limits[:, 0] <= shares) & (shares <= limits[:, 1])
    coverage = (stats.binom.pmf(np.arange(n + 1), n, shares) * inside).sum(axis=1)
    assert coverage.min() >= 0.933 and coverage.mean() <= 0.98


def test_bootstrap_of_macro_f1_covers() -> None:
    from harness.metrics import metrics_for

    macro_f1 = next(m for m in metrics_for(["classification"], "abcd") if m.name == "macro_f1")
    rng, truth, covered = np.random.default_rng(11), sample_counts(np.random.default_rng(12), 400_000).sum(axis=0), 0
    expected = float(macro_f1.aggregate(truth, np.array(400_000.0)))
    for seed in range(500):
        result = bootstrap_interval(sample_counts(rng, 150), macro_f1.aggregate, resamples=300, seed=seed)
        covered += result.low <= expected <= result.high  # type: ignore[operator]
    assert 0.92 <= covered / 500 <= 0.975


def sample_counts(rng: np.random.Generator, n: int) -> np.ndarray:
    """The statistics of n examples for a classifier with 70% accuracy."""
    gold = rng.choice(4, size=n, p=[0.4, 0.3, 0.2, 0.1])
    answer = np.where(rng.random(n) < 0.7, gold, rng.integers(4, size=n))
    one_hot = np.eye(4)
    return np.hstack([one_hot[gold] * (gold == answer)[:, None], one_hot[answer], one_hot[gold]])
