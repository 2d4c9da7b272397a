"""The race drops strategies that cannot win, and hardly ever the best one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from chance import at_most
from made_up_search import World, run_race

from harness.statistics import loss_limits, race
from harness.types import TrialMeasurement

ALPHA = 0.05


def measured(mean: float, *, n: int = 60, seed: int = 0, spread: float = 0.1, groups: tuple[int, ...] = ()) -> TrialMeasurement:
    losses = 10 * (mean + spread * np.random.default_rng(seed).normal(size=n))
    return TrialMeasurement(tuple(losses.tolist()), (10,) * n, groups)


def test_a_strategy_is_dropped_once_each_of_its_trials_is_clearly_worse() -> None:
    trials = {"good": {"g1": measured(1.0, seed=1), "g2": measured(3.0, seed=2)}, "bad": {"b1": measured(2.0, seed=3), "b2": None}}
    (loss,) = race(trials, started={"good": 2, "bad": 2}, alpha=ALPHA, look=1)
    assert (loss.strategy, loss.trial, loss.rival) == ("bad", "b1", "g1")
    assert loss.difference == pytest.approx(1.0, abs=0.1)
    assert 0 < loss.limit < loss.difference


def test_one_trial_that_may_be_as_good_keeps_its_strategy() -> None:
    trials = {"a": {"a1": measured(1.0, seed=1)}, "b": {"b1": measured(2.0, seed=2), "b2": measured(1.01, seed=3)}}
    assert race(trials, started={"a": 1, "b": 2}, alpha=ALPHA, look=1) == ()


def test_the_levels_of_all_looks_and_rivals_add_up_to_half_of_alpha() -> None:
    trials = {"a": {"a1": measured(1.0, seed=1)}, "b": {"b1": measured(2.0, seed=2)}}
    levels = [race(trials, started={"a": 6, "b": 1}, alpha=ALPHA, look=look)[0].level for look in range(1, 2000)]
    assert sum(6 * level for level in levels) == pytest.approx(ALPHA / 2, rel=1e-3)
    assert sum(6 * level for level in levels) < ALPHA / 2


def test_the_limit_is_the_claim_limit_of_the_paired_difference() -> None:
    worse, better = measured(2.0, seed=2, spread=1), measured(1.0, seed=1, spread=1)
    (loss,) = race({"a": {"a1": better}, "b": {"b1": worse}}, started={"a": 3, "b": 1}, alpha=ALPHA, look=2)
    assert loss.limit == loss_limits(worse, better)(ALPHA / 2 * 6 / (math.pi * 2) ** 2 / 3).low


@pytest.mark.parametrize(("n", "groups"), [(29, ()), (60, tuple(i // 6 for i in range(60)))], ids=["29 examples", "10 groups"])
def test_an_unreliable_limit_drops_nothing(n: int, groups: tuple[int, ...]) -> None:
    trials = {"a": {"a1": measured(1.0, n=n, seed=1, groups=groups)}, "b": {"b1": measured(9.0, n=n, seed=2, groups=groups)}}
    assert race(trials, started={"a": 1, "b": 1}, alpha=ALPHA, look=1) == ()


def test_losses_on_different_targets_are_not_compared() -> None:
    other = TrialMeasurement((1.0,) * 60, (11,) * 60)
    assert race({"a": {"a1": other}, "b": {"b1": measured(9.0)}}, started={"a": 1, "b": 1}, alpha=ALPHA, look=1) == ()


def test_the_last_strategy_and_one_whose_trials_all_diverged_remain() -> None:
    assert race({"a": {"a1": measured(1.0)}}, started={"a": 1, "b": 6}, alpha=ALPHA, look=2) == ()
    assert race({"a": {"a1": measured(1.0)}, "b": {"b1": None}}, started={"a": 1, "b": 1}, alpha=ALPHA, look=1) == ()
    same = {name: {name: measured(1.0, seed=1)} for name in "abc"}
    assert race(same, started=dict.fromkeys("abc", 1), alpha=ALPHA, look=1) == ()


@pytest.mark.parametrize(("started", "look"), [({"a": 1, "b": 1}, 0), ({"a": 1}, 1)])
def test_impossible_arguments_are_refused(started: dict[str, int], look: int) -> None:
    with pytest.raises(ValueError, match=r"look 0|b: 1 trials at this rung, and 0 started"):
        race({"a": {"a1": measured(1.0)}, "b": {"b1": measured(2.0)}}, started=started, alpha=ALPHA, look=look)


def test_the_best_of_equal_strategies_is_rarely_dropped() -> None:
    rng = np.random.default_rng(11)
    truth = {name: lambda rung: [1.0] * 3 for name in "abc"}
    wrong = [run_race(truth, World(40, skewed=True), trials=3, alpha=0.2, rng=rng).wrong for _ in range(60)]
    assert at_most(0.2, float(np.mean(wrong)), len(wrong))


def test_hopeless_strategies_are_dropped_early() -> None:
    rng = np.random.default_rng(12)
    truth = {"a": lambda rung: [1.0] * 6, "b": lambda rung: [1.8] * 6}
    outcomes = [run_race(truth, World(100), trials=6, alpha=ALPHA, rng=rng) for _ in range(20)]
    assert np.mean([len(outcome.dropped[0]) for outcome in outcomes]) > 0.8
    assert np.mean([outcome.trained["b"] for outcome in outcomes]) < 0.7 * outcomes[0].trained["a"]
