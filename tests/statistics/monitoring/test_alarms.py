"""Alarms of several tests, and how well two samples can be separated."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score

from harness.statistics import find_alarms, holm_adjust, look_share, measure_separation


def test_equal_weights_are_holms_procedure() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        p_values = (rng.random(6) ** 4).tolist()
        expected = tuple(p is not None and p <= 0.05 for p in holm_adjust(p_values))
        assert find_alarms(p_values, [1 / 6] * 6) == expected


def test_a_test_with_more_weight_needs_less() -> None:
    assert find_alarms([0.04, 0.04], [0.9, 0.1]) == (True, True)  # the first alarm frees its share
    assert find_alarms([0.04, 0.2], [0.9, 0.1]) == (True, False)
    assert find_alarms([0.06, 0.004], [0.9, 0.1]) == (False, True)
    assert find_alarms([], []) == ()
    with pytest.raises(ValueError, match="more than 1"):
        find_alarms([0.5, 0.5], [0.9, 0.2])


def test_looks_share_the_error_rate() -> None:
    assert math.fsum(look_share(look) for look in range(1, 10_000)) == pytest.approx(1, abs=1e-3)
    with pytest.raises(ValueError, match="numbered from 1"):
        look_share(0)


@pytest.mark.parametrize(("shift", "decimals"), [(0.0, 6), (0.8, 6), (1.5, 0)])
def test_separation_agrees_with_scikit_learn_and_scipy(shift: float, decimals: int) -> None:
    rng = np.random.default_rng(4)
    reference, new = np.round(rng.standard_normal(80), decimals), np.round(rng.standard_normal(60) + shift, decimals)
    separation = measure_separation(reference, new)
    truth = np.repeat([0, 1], [80, 60])
    assert separation.area == pytest.approx(roc_auc_score(truth, np.concatenate([reference, new])))
    expected = mannwhitneyu(new, reference, alternative="greater", method="asymptotic", use_continuity=False).pvalue
    assert separation.p_value == pytest.approx(expected)
    assert separation.low < separation.area < separation.high


@pytest.mark.parametrize(("reference", "new", "area"), [([0.0] * 20, [1.0] * 30, 1.0), ([1.0] * 20, [1.0] * 30, 0.5)])
def test_separation_without_any_spread_has_an_interval(reference: list[float], new: list[float], area: float) -> None:
    separation = measure_separation(np.array(reference), np.array(new))
    assert separation.area == area
    assert 0 <= separation.low < separation.high <= 1 and separation.low <= area <= separation.high
    assert separation.p_value < 1e-6 if area == 1 else separation.p_value == 0.5
