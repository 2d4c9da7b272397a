"""How much of a range is near the best, and which values are at its edge."""

from __future__ import annotations

import numpy as np
import pytest

from harness.statistics import is_near_end, is_outermost, share_of_range


def test_each_value_counts_for_the_part_of_the_range_that_is_nearest_to_it() -> None:
    assert share_of_range([0.0, 0.5, 1.0], [False, True, False]) == pytest.approx(0.5)
    assert share_of_range([0.1, 0.9], [True, False]) == pytest.approx(0.5)
    assert share_of_range([0.3], [True]) == 1


def test_the_share_is_that_of_random_points_whose_nearest_value_is_good() -> None:
    rng = np.random.default_rng(2)
    positions, good = rng.random(9), rng.random(9) < 0.5
    points = rng.random(100_000)
    nearest = np.abs(points[:, None] - positions).argmin(axis=1)
    assert share_of_range(positions.tolist(), good.tolist()) == pytest.approx(float(good[nearest].mean()), abs=0.01)


def test_many_trials_at_one_value_change_nothing() -> None:
    once = share_of_range([0.2, 0.6, 0.8], [False, True, False])
    assert share_of_range([0.2, 0.6, 0.6, 0.6, 0.8], [False, True, False, False, False]) == pytest.approx(once)


@pytest.mark.parametrize("positions", [[], [-0.1], [0.5, 1.1]])
def test_impossible_positions_are_refused(positions: list[float]) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        share_of_range(positions, [True] * len(positions))


@pytest.mark.parametrize(("position", "upper", "lower"), [(0.95, True, False), (0.05, False, True), (0.5, False, False)])
def test_the_last_tenth_of_a_range_is_near_its_end(position: float, upper: bool, lower: bool) -> None:
    assert (is_near_end(position, upper=True), is_near_end(position, upper=False)) == (upper, lower)


@pytest.mark.parametrize(
    ("position", "positions", "upper", "lower"),
    [
        (0.7, [0.3, 0.5, 0.7], True, False),
        (0.3, [0.3, 0.5, 0.7], False, True),
        (0.7, [0.5, 0.7], False, False),
        (0.5, [0.3, 0.5, 0.7], False, False),
    ],
    ids=["highest of three", "lowest of three", "highest of two", "inside"],
)
def test_the_outermost_of_three_values_has_none_beyond_it(position: float, positions: list[float], upper: bool, lower: bool) -> None:
    assert (is_outermost(position, positions, upper=True), is_outermost(position, positions, upper=False)) == (upper, lower)
