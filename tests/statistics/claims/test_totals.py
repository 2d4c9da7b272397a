"""Totals without the answers to single examples."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from harness.statistics import compare_totals, score_of_total
from harness.types import ScoreTotal


def total(right, n=1319):
    return ScoreTotal(right / n, n, right)


def test_the_p_value_is_that_of_the_chi_squared_test_with_n_minus_one():
    (pair,) = compare_totals({"a": total(625), "b": total(677)})
    chi2 = chi2_contingency([[625, 694], [677, 642]], correction=False).statistic
    from scipy.stats import chi2 as distribution

    assert pair.p_value == pytest.approx(distribution.sf(chi2 * (2 * 1319 - 1) / (2 * 1319), 1))
    assert pair.difference == pytest.approx(52 / 1319)


def test_p_values_are_corrected_for_all_pairs():
    alone = compare_totals({"a": total(600), "b": total(665)})
    among = compare_totals({"a": total(600), "b": total(665), "c": total(630), "d": total(640)})
    pair = next(each for each in among if (each.a, each.b) == ("a", "b"))
    assert pair.p_value == pytest.approx(6 * alone[0].p_value)
    assert (alone[0].standing, pair.standing) == ("shown", "open")


@pytest.mark.parametrize(("difference", "standing"), [(0, "beyond"), (4, "beyond"), (5, "open"), (30, "open"), (90, "shown")])
def test_a_difference_of_four_answers_is_beyond_any_analysis(difference, standing):
    # even if all answers that differ favour one system, the mid-p McNemar value is 0.5 ** 4 > 0.05
    (pair,) = compare_totals({"a": total(600), "b": total(600 + difference)})
    assert pair.standing == standing


def test_rare_answers_have_no_test():
    (pair,) = compare_totals({"a": total(0), "b": total(1)})
    assert pair.p_value is None and pair.standing == "beyond"


def test_of_equal_systems_few_pairs_are_shown_to_differ():
    """Family-wise error of the correction, with answers that are independent between systems: the case that the test assumes."""
    random = np.random.default_rng(0)
    wrong = sum(
        any(pair.standing == "shown" for pair in compare_totals({str(i): total(int(right)) for i, right in enumerate(rights)}))
        for rights in random.binomial(1319, 0.48, size=(200, 5))
    )
    assert wrong / 200 < 0.05 + 2.6 * (0.05 * 0.95 / 200) ** 0.5


def test_the_interval_of_a_total_is_that_of_its_kind():
    proportion = score_of_total(total(631))
    assert proportion.low == pytest.approx(0.4515, abs=0.001) and proportion.high == pytest.approx(0.5054, abs=0.001)
    mean = score_of_total(ScoreTotal(12.5, 100, standard_error=0.5))
    assert (mean.low, mean.high) == (pytest.approx(11.52, abs=0.001), pytest.approx(13.48, abs=0.001)) and mean.reliable
    assert not score_of_total(ScoreTotal(12.5, 20, standard_error=0.5)).reliable
    assert score_of_total(ScoreTotal(12.5, 100)).low is None
