"""How often the race drops the best strategy, and what it saves, in simulations that are too long for every day.

The best third of the trials continues, by the validation examples that the race compares them on, as in a search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from chance import at_most, enough
from made_up_search import Outcome, World, run_race

pytestmark = pytest.mark.soak

ALPHA, TRIALS = 0.05, 6
Truth = dict[str, Callable[[int], Sequence[float]]]

WORLDS = {
    "30 examples": World(30),
    "100 examples": World(100),
    "300 examples": World(300),
    "30 examples, skewed": World(30, skewed=True),
    "100 examples, skewed": World(100, skewed=True),
    "300 examples, skewed": World(300, skewed=True),
    "60 examples in 30 groups": World(60, groups=30),
    "300 examples in 60 groups": World(300, groups=60),
    "300 examples in 60 groups, skewed": World(300, groups=60, skewed=True),
    "100 examples, luck kept": World(100, kept=0.95),
    "100 examples, luck lost": World(100, kept=0.0),
    "100 examples, trials similar": World(100, shared=0.95),
    "100 examples, trials different": World(100, shared=0.0),
    "100 examples, lucky proposals": World(100, shared=0.0, picked_from=30),
    "100 examples, skewed, lucky proposals": World(100, skewed=True, shared=0.0, picked_from=30),
}


def flat(gaps: Sequence[float], trials: int = TRIALS) -> Truth:
    """Strategies that are so far behind the first; the trials of each are 0, 0.01, 0.02, … behind its best."""
    return {f"s{place}": lambda rung, gap=gap: [1 + gap + 0.01 * i for i in range(trials)] for place, gap in enumerate(gaps)}  # type: ignore[misc]


def equal(strategies: int, trials: int = TRIALS) -> Truth:
    """The same true loss for every trial. The first strategy counts as the best."""
    return {f"s{place}": lambda rung: [1.0] * trials for place in range(strategies)}


def crossing() -> Truth:
    """The second is 0.1 behind after the first part of its training, and 0.05 ahead at the end."""
    return {"s0": lambda rung: [1.0] * TRIALS, "s1": lambda rung: [(1.1, 0.95)[rung]] * TRIALS}


def simulate(truth: Truth, world: World, times: int, seed: int) -> list[Outcome]:
    rng, trials = np.random.default_rng(seed), len(truth["s0"](0))
    return [run_race(truth, world, trials=trials, alpha=ALPHA, rng=rng) for _ in range(times)]


FEW_WORLDS = ("30 examples, skewed", "100 examples", "300 examples in 60 groups", "100 examples, skewed, lucky proposals")
CASES = {
    **{f"2 equal, 1 trial, {name}": (equal(2, 1), world) for name, world in WORLDS.items() if not world.picked_from},
    **{f"5 equal, 1 trial, {name}": (equal(5, 1), world) for name, world in WORLDS.items() if not world.picked_from},
    **{f"2 equal, {name}": (equal(2), world) for name, world in WORLDS.items()},
    **{f"3 nearly equal, {name}": (flat([0, 0.005, 0.005]), WORLDS[name]) for name in FEW_WORLDS},
    **{f"5 equal, {name}": (equal(5), WORLDS[name]) for name in FEW_WORLDS},
}


@pytest.mark.parametrize(("truth", "world"), CASES.values(), ids=list(CASES))
def test_the_best_strategy_at_a_rung_is_rarely_dropped(world: World, truth: Truth) -> None:
    outcomes = simulate(truth, world, enough(ALPHA), seed=1)
    wrong = float(np.mean([outcome.wrong for outcome in outcomes]))
    print(f"best dropped: {wrong:.2%} of {len(outcomes)}")
    assert at_most(ALPHA, wrong, len(outcomes))


def test_what_heavy_tails_do() -> None:
    """With a skewness of 5, the limits err more often than they state; the reserve makes up for it."""
    heavy = World(100, skewed=True, heavy=True)
    for trials in (1, TRIALS):
        outcomes = simulate(equal(2, trials), heavy, enough(ALPHA), seed=4)
        wrong = float(np.mean([outcome.wrong for outcome in outcomes]))
        print(f"{trials} trials, skewness of 5: best dropped: {wrong:.2%}")
        assert at_most(ALPHA, wrong, len(outcomes))


@pytest.mark.parametrize("gap", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("examples", [30, 100, 300])
@pytest.mark.parametrize("strategies", [2, 5])
def test_hopeless_strategies_save_training(strategies: int, examples: int, gap: float) -> None:
    outcomes = simulate(flat([0, *[gap] * (strategies - 1)]), World(examples), 300, seed=2)
    hopeless = strategies - 1
    first, second = (np.mean([len(outcome.dropped[rung]) for outcome in outcomes]) / hopeless for rung in (0, 1))
    alone = outcomes[0].trained["s0"]  # never dropped
    trained = np.mean([sum(outcome.trained.values()) for outcome in outcomes]) / (strategies * alone)
    wrong = float(np.mean([outcome.wrong for outcome in outcomes]))
    print(
        f"dropped after the first part: {first:.0%}, at the end: {second:.0%}; training saved: {1 - trained:.0%}; best dropped: {wrong:.1%}"
    )
    assert at_most(ALPHA, wrong, len(outcomes))
    if gap == 0.2 and examples >= 100:
        assert first > 0.9


def test_a_strategy_that_would_overtake_the_others_late_is_dropped_early() -> None:
    """The race keeps its promise, which is about each rung, and no more."""
    for examples in (30, 100, 300):
        outcomes = simulate(crossing(), World(examples), 300, seed=3)
        late = float(np.mean([any(loss.strategy == "s1" for losses in outcome.dropped for loss in losses) for outcome in outcomes]))
        print(f"{examples} examples: the strategy that would lead at the end dropped in {late:.0%}")
        assert at_most(ALPHA, float(np.mean([outcome.wrong for outcome in outcomes])), len(outcomes))
