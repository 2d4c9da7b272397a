"""Quantiles and tails are those of `scipy.stats`, to the last digit."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import beta, norm, t

from harness.statistics.distributions import beta_quantile, normal_quantile, t_quantile, t_tail

DRAWS = np.random.default_rng(0)
PROBABILITIES = [1e-12, 1e-6, 0.025, 0.5, 0.975, 1 - 1e-9, *DRAWS.uniform(size=200)]
FREEDOM = [0.7, 1.0, 2.5, 29.0, 1e4, 1e9, math.inf]


@pytest.mark.parametrize("df", FREEDOM)
def test_students_t(df: float) -> None:
    for probability in PROBABILITIES:
        assert t_quantile(probability, df) == t.ppf(probability, df)
    for value in (0.0, -1.5, 40.0, math.inf, -math.inf, *DRAWS.normal(scale=5, size=100)):
        assert t_tail(value, df) == t.sf(value, df)


def test_normal() -> None:
    assert [normal_quantile(each) for each in (0.0, 1.0, *PROBABILITIES)] == [norm.ppf(each) for each in (0.0, 1.0, *PROBABILITIES)]


def test_beta() -> None:
    for a, b in [(1, 1), (1, 5000), (5000, 1), (3, 7), (0.5, 0.5), *DRAWS.integers(1, 3000, (200, 2))]:
        for probability in (0.0, 0.025, 0.5, 0.975, 1.0):
            assert beta_quantile(probability, a, b) == beta.ppf(probability, a, b)


def test_undefined_values_stay_undefined() -> None:
    assert math.isnan(t_quantile(0.9, 0.0)) and math.isnan(t_quantile(math.nan, 3.0)) and math.isnan(t_tail(1.0, -1.0))
