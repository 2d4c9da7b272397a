"""Right-or-wrong scores of two strategies: mid-p McNemar and Tango's interval, by exact enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from harness.metrics import metrics_for
from harness.statistics import Comparison, compare_scores, mcnemar_midp, tango_interval
from harness.statistics.intervals import paired_proportion_limits
from harness.statistics.intervals.paired_proportions import tango_limits
from harness.types import Metric

CLASSIFICATION = {m.name: m for m in metrics_for(["classification"], "abcd")}
ACCURACY, MACRO_F1 = CLASSIFICATION["accuracy"], CLASSIFICATION["macro_f1"]
ROUGE = metrics_for(["rouge"], [])[2]


def compare(a: object, b: object, metric: Metric = ROUGE, margin: float = 0.01, **more: object) -> Comparison:
    return compare_scores(np.asarray(a, dtype=float), np.asarray(b, dtype=float), metric=metric, margin=margin, **more)  # type: ignore[arg-type]


def right_or_wrong(both: int, gained: int, lost: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    table = [(1, 1)] * both + [(0, 1)] * gained + [(1, 0)] * lost + [(0, 0)] * neither
    a, b = np.array(table, dtype=float).T
    return a, b


@pytest.mark.parametrize(("gained", "lost"), [(1, 7), (7, 1), (5, 5), (0, 6), (12, 20), (0, 1)])
def test_midp_is_the_exact_p_value_less_the_observed_table(gained: int, lost: int) -> None:
    exact = mcnemar([[10, gained], [lost, 10]], exact=True).pvalue
    seen = stats.binom.pmf(gained, gained + lost, 0.5)
    expected = exact - seen if gained != lost else 1.0
    assert mcnemar_midp(gained, lost) == pytest.approx(expected)
    assert mcnemar_midp(0, 0) == 1.0


def test_published_example() -> None:
    """Airway hyper-responsiveness before and after stem-cell transplantation, 21 children, 1 against 7 discordant (Bentur et al.
    2009), as analysed by Fagerland, Lydersen & Laake: mid-p 0.0391 (2013), Tango's interval −0.517 to −0.026 (2014)."""
    assert mcnemar_midp(1, 7) == pytest.approx(0.0391, abs=5e-5)
    result = tango_interval(1, 7, 21)
    assert (result.low, result.high) == pytest.approx((-0.517, -0.026), abs=5e-4)


@pytest.mark.parametrize(("gained", "lost", "n"), [(1, 7, 21), (6, 16, 161), (40, 20, 160), (0, 1, 44), (9, 0, 30), (0, 0, 30)])
def test_tango_solves_the_score_equation(gained: int, lost: int, n: int) -> None:
    """At a limit the score statistic is ±1.96, its nuisance share found here by brute force over the likelihood."""
    result = tango_interval(gained, lost, n)
    for limit, sign in ((result.low, 1), (result.high, -1)):
        shares = np.linspace(max(0.0, -limit), (1 - limit) / 2, 2_000_001)[1:-1]  # type: ignore[operator]
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = [(gained, shares + limit), (lost, shares), (n - gained - lost, 1 - 2 * shares - limit)]
            likelihood = sum(count * np.log(share) for count, share in parts if count)
        share = shares[np.nanargmax(likelihood)]
        error = np.sqrt(n * (2 * share + limit * (1 - limit)))  # type: ignore[operator]
        assert (gained - lost - n * limit) / error == pytest.approx(sign * 1.959964, abs=2e-3)  # type: ignore[operator]


def test_binary_scores_are_compared_by_counts() -> None:
    a, b = right_or_wrong(both=100, gained=20, lost=5, neither=40)
    result = compare(a, b, ACCURACY)
    assert result.difference == pytest.approx(15 / 165)
    assert result.p_value == mcnemar_midp(20, 5)
    assert (result.low, result.high) == (tango_interval(20, 5, 165).low, tango_interval(20, 5, 165).high)
    assert (result.better, result.equal, result.worse) == (20, 140, 5)
    assert result.method == "McNemar mid-p, Tango, n=165"
    assert result.verdict == "better"


def test_binary_scores_with_groups_or_seeds_are_compared_as_means() -> None:
    a, b = right_or_wrong(both=20, gained=12, lost=3, neither=15)
    assert compare(a, b, ACCURACY, groups=["one", "one", *map(str, range(48))]).method.startswith("paired cluster-robust t")
    assert compare(a, np.stack([b, a], axis=1), ACCURACY).method.startswith("paired t")


def test_tango_refuses_impossible_counts() -> None:
    with pytest.raises(ValueError, match="4 gained and 3 lost in 5 examples"):
        tango_interval(4, 3, 5)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("n", [30, 46, 82, 133])
def test_the_limit_of_a_loss_is_crossed_in_at_most_alpha_of_all_samples(n: int, alpha: float) -> None:
    """Every table of gains and losses with its probability, where the true loss is the margin."""
    gained, lost = np.meshgrid(np.arange(40), np.arange(60), indexing="ij")
    inside = gained + lost <= n
    low = np.full(gained.shape, -1.0)
    for b, c in zip(gained[inside], lost[inside], strict=True):
        low[b, c] = paired_proportion_limits(int(b), int(c), n, alpha)[0]
    for margin in (0.02, 0.1):
        for gains in (0.0, 0.01, 0.05, 0.1):
            shares = stats.multinomial(n, [gains, gains + margin, 1 - 2 * gains - margin])
            tables = np.stack([gained[inside], lost[inside], n - gained[inside] - lost[inside]], axis=1)
            wrong = float(shares.pmf(tables)[low[inside] > -margin].sum())
            assert wrong <= alpha, (margin, gains)


@pytest.mark.parametrize("n", [20, 50, 100])
def test_tango_covers_and_midp_keeps_its_size_exactly(n: int) -> None:
    """Not sampled but summed over every table."""
    gained, lost = (x.ravel() for x in np.meshgrid(np.arange(n + 1), np.arange(n + 1)))
    gained, lost = gained[gained + lost <= n], lost[gained + lost <= n]
    low, high = tango_limits(gained, lost, n)
    p_values = np.array([mcnemar_midp(int(b), int(c)) for b, c in zip(gained, lost, strict=True)])
    tables = np.stack([gained, lost, n - gained - lost], axis=1)
    coverage = []
    for up, down in [(0.1, 0.1), (0.2, 0.1), (0.3, 0.1), (0.25, 0.25), (0.4, 0.2), (0.15, 0.02)]:
        chance = stats.multinomial.pmf(tables, n, [up, down, 1 - up - down])
        assert chance.sum() == pytest.approx(1)
        coverage.append(chance[(low <= up - down) & (up - down <= high)].sum())
        if up == down:
            assert chance[p_values < 0.05].sum() <= 0.053
    assert min(coverage) >= 0.93
    assert np.mean(coverage) <= 0.975
