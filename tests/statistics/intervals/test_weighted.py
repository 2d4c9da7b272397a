"""Means and proportions of examples that were sampled with unequal probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from chance import at_most, covers, enough

from harness.review.packets.example_sampling import draw_weighted_sample
from harness.statistics import clopper_pearson_interval, mean_interval, tango_interval, weighted_difference, weighted_mean, weighted_share


def test_equal_probabilities_give_a_plain_mean() -> None:
    values = np.random.default_rng(0).normal(size=40)
    mean, interval = weighted_mean(values, np.full(40, 0.3))
    assert mean == pytest.approx(values.mean()) and interval == mean_interval(values)


def test_examples_are_weighted_by_inverse_probability() -> None:
    mean, _ = weighted_mean(np.array([1.0] * 10 + [0.0] * 10), np.array([1.0] * 10 + [0.1] * 10))
    assert mean == pytest.approx(10 / 110)


def test_independent_examples_with_equal_probabilities_have_the_clopper_pearson_interval() -> None:
    values = np.array([1.0] * 7 + [0.0] * 53)
    share, interval = weighted_share(values, np.full(60, 0.5))
    exact = clopper_pearson_interval(7, 60)
    assert share == pytest.approx(7 / 60)
    assert interval.low == pytest.approx(exact.low, abs=0.004) and interval.high == pytest.approx(exact.high, abs=0.004)
    none, of_none = weighted_share(np.zeros(60), np.full(60, 0.5))
    assert none == 0 and of_none.high == pytest.approx(clopper_pearson_interval(0, 60).high)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("grouped", [False, True])
def test_proportions_are_covered_with_groups_and_unequal_probabilities(share: float, grouped: bool) -> None:
    rng, times, held = np.random.default_rng(int(100 * share) + grouped), 1500, 0
    for _ in range(times):
        groups = np.repeat(np.arange(40), 3)
        luck = rng.random(40)[groups] if grouped else rng.random(120)
        values = (luck < share).astype(float)
        probabilities = rng.uniform(0.1, 0.8, 120)
        _, interval = weighted_share(values, probabilities, groups.tolist() if grouped else None)
        assert interval.low is not None and interval.high is not None
        held += interval.low <= share <= interval.high
    assert at_most(0.07, 1 - held / times, times)  # exact intervals are on the safe side


@pytest.mark.parametrize(("n", "share"), [(50, 0.1), (100, 0.05)])
def test_proportions_are_covered_where_errors_are_on_rarely_sampled_examples(n: int, share: float) -> None:
    """1,000 examples, half of them sampled eight times as often; all errors are on the others."""
    rng, times, held = np.random.default_rng(n), 800, 0
    favour = [float(i % 2) for i in range(1000)]
    wrong = np.zeros(1000)
    wrong[np.arange(0, 1000, 2)[: int(1000 * share)]] = 1.0
    for _ in range(times):
        drawn = draw_weighted_sample(favour, n, rng)
        _, interval = weighted_share(wrong[list(drawn.positions)], np.array(drawn.probabilities))
        assert interval.low is not None and interval.high is not None
        held += interval.low <= share <= interval.high
    assert at_most(0.07, 1 - held / times, times)


def test_means_are_covered_with_unequal_probabilities() -> None:
    rng, times, held = np.random.default_rng(5), 2000, 0
    for _ in range(times):
        values, probabilities = rng.normal(3, 2, 80), rng.uniform(0.05, 0.9, 80)
        _, interval = weighted_mean(values, probabilities)
        assert interval.low is not None and interval.high is not None
        held += interval.low <= 3 <= interval.high
    assert covers(held / times, times)


@pytest.mark.parametrize(("values", "probabilities"), [([], []), ([1.0], [0.0]), ([1.0, 2.0], [0.5])])
def test_invalid_probabilities_and_values_are_refused(values: list[float], probabilities: list[float]) -> None:
    with pytest.raises(ValueError, match="probabilities"):
        weighted_mean(np.array(values), np.array(probabilities))
    with pytest.raises(ValueError, match="0 or 1"):
        weighted_share(np.array([0.5]), np.array([0.5]))


def test_equal_probabilities_give_the_interval_of_tango() -> None:
    differences = np.array([1.0] * 6 + [-1.0] * 2 + [0.0] * 52)
    mean, interval = weighted_difference(differences, np.full(60, 0.2))
    exact = tango_interval(6, 2, 60)
    assert mean == pytest.approx(4 / 60)
    assert (interval.low, interval.high) == pytest.approx((exact.low, exact.high))


def test_rarely_sampled_differences_count_for_fewer_examples() -> None:
    differences, probabilities = np.array([1.0] * 4 + [0.0] * 56), np.full(60, 0.4)
    probabilities[:2] = 0.05
    _, interval = weighted_difference(differences, probabilities)
    assert interval.method == "Tango, n=60, effective n=10"
    assert pytest.approx(10.2, abs=0.1) == 45 * 185 / 812.5  # Σw of those that differ, Σw of all, Σw² of those that differ
    _, flat = weighted_difference(differences, np.full(60, 0.4))
    assert interval.high - interval.low > flat.high - flat.low  # type: ignore[operator]


def test_many_differences_of_other_sizes_have_the_weighted_mean() -> None:
    rng = np.random.default_rng(3)
    differences, probabilities = rng.normal(0.3, 1, 60).clip(-4, 4), rng.uniform(0.1, 0.8, 60)
    assert weighted_difference(differences, probabilities, largest=4.0) == weighted_mean(differences, probabilities)
    few = np.where(np.arange(60) < 5, differences, 0.0)
    mean, interval = weighted_difference(few, probabilities, largest=4.0)
    assert mean == weighted_mean(few, probabilities)[0]
    assert interval.method.startswith("Tango")
    with pytest.raises(ValueError, match="within"):
        weighted_difference(few * 9, probabilities)


def simulate_differences(n: int, share: float, sampled: str, *, grouped: bool = False, steps: int = 1, times: int) -> float:
    """How often the interval holds the mean difference over 1,500 examples, of which some are sampled up to eight times as often.

    Args:
        share: of the examples that differ; three of four of these are gains.
        sampled: "where they differ" roughly, "where they do not", or "at random", a tenth of all examples.
        steps: the largest difference, in steps of a scale.
    """
    rng, held = np.random.default_rng([n, int(100 * share), steps, grouped, len(sampled)]), 0
    units = 500 if grouped else 1500
    differ = rng.random(units) < share
    differences = np.where(rng.random(units) < 0.75, 1.0, -1.0) * rng.integers(1, steps + 1, units) * differ
    of_unit = np.arange(1500) // 3 if grouped else np.arange(1500)
    differences = differences[of_unit]
    noisy = (differences != 0) + rng.normal(0, 0.7, 1500)
    sizes = {"where they differ": noisy, "where they do not": -noisy, "at random": (rng.random(1500) < 0.1).astype(float)}[sampled]
    for _ in range(times):
        drawn = draw_weighted_sample(sizes, n, rng)
        at = list(drawn.positions)
        groups = of_unit[at].tolist() if grouped else None
        _, interval = weighted_difference(differences[at], np.array(drawn.probabilities), groups, largest=float(steps))
        assert interval.low is not None and interval.high is not None
        held += interval.low <= differences.mean() <= interval.high
    return held / times


@pytest.mark.parametrize("sampled", ["where they differ", "where they do not", "at random"])
@pytest.mark.parametrize(("n", "share"), [(30, 0.05), (100, 0.2)])
def test_differences_are_covered_with_weighted_samples(n: int, share: float, sampled: str) -> None:
    """With the weighted mean and t, the first three were covered in 52–84% of samples."""
    times = 200
    assert at_most(0.07, 1 - simulate_differences(n, share, sampled, times=times), times)


@pytest.mark.soak
@pytest.mark.parametrize("sampled", ["where they differ", "where they do not", "at random"])
@pytest.mark.parametrize(("grouped", "steps"), [(False, 1), (True, 1), (False, 4)])
@pytest.mark.parametrize("share", [0.03, 0.1, 0.4])
@pytest.mark.parametrize("n", [30, 60, 120, 200])
def test_differences_are_covered(n: int, share: float, grouped: bool, steps: int, sampled: str) -> None:
    times = enough(0.07)
    assert at_most(0.07, 1 - simulate_differences(n, share, sampled, grouped=grouped, steps=steps, times=times), times)
