"""The mean of independent estimates."""

from __future__ import annotations

import numpy as np
import pytest
from chance import covers

from harness.statistics import mean_interval, mean_of_independent


def test_one_estimate_keeps_its_interval_and_four_halve_it() -> None:
    assert mean_of_independent([0.3], [0.1], [0.4]) == pytest.approx((0.3, 0.1, 0.4))
    assert mean_of_independent([0.3] * 4, [0.1] * 4, [0.4] * 4) == pytest.approx((0.3, 0.2, 0.35))


@pytest.mark.parametrize(("values", "lows", "highs"), [([], [], []), ([1.0], [], [2.0]), ([1.0], [0.0], [])])
def test_arguments_that_do_not_fit_are_refused(values: list[float], lows: list[float], highs: list[float]) -> None:
    with pytest.raises(ValueError, match="values with"):
        mean_of_independent(values, lows, highs)


@pytest.mark.parametrize("rows", [(30, 30, 30, 30), (30, 200), (50, 100, 400)])
def test_the_limits_cover_the_true_mean_at_their_level(rows: tuple[int, ...]) -> None:
    rng, times, held = np.random.default_rng(len(rows)), 3000, 0
    spreads = np.linspace(0.5, 2.0, len(rows))
    for _ in range(times):
        intervals = [mean_interval(rng.normal(i, s, n), None) for i, (n, s) in enumerate(zip(rows, spreads, strict=True))]
        means = [(f.low + f.high) / 2 for f in intervals]  # t is symmetric
        _, low, high = mean_of_independent(means, [f.low for f in intervals], [f.high for f in intervals])
        held += low <= np.mean(range(len(rows))) <= high
    assert covers(held / times, times)
