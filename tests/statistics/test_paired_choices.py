"""Rankings from choices between two: equal to those of statsmodels, and their intervals cover, also where one strategy always wins."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pytest
from chance import at_most
from numpy.typing import NDArray
from scipy.special import expit

from harness.statistics import Ranking, rank_choices

Array = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """Strategies with known strengths, compared on examples that share luck."""

    strengths: tuple[float, ...]
    examples: int
    ties: float = 0.0
    """The share of comparisons that may end in a tie."""
    shared: float = 0.0
    """The share of comparisons that follow one order of all strategies for this example."""
    per_example: int | None = None
    """Pairs of each example; None for all."""
    group: int = 1
    """Examples of one patient; half of the patients have one order for all their examples."""
    weighted: bool = False
    """Whether examples had different chances to be sampled, whatever they are like."""

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return list(combinations(range(len(self.strengths)), 2))

    @property
    def rates(self) -> dict[tuple[int, int], float]:
        return {(i, j): float(expit(self.strengths[i] - self.strengths[j])) for i, j in self.pairs}

    @property
    def averages(self) -> list[float]:
        own = np.array(self.strengths)
        return [float(np.mean(expit(own[k] - np.delete(own, k)))) for k in range(len(own))]

    def rank(self, rng: np.random.Generator) -> Ranking | None:
        rows: list[tuple[int, int, float, float, int]] = []
        strengths, rates = np.array(self.strengths), self.rates
        for example in range(self.examples):
            if example % self.group == 0:
                luck, is_one = rng.gumbel(size=len(strengths)), self.group > 1 and rng.random() < 0.5
            own = strengths + (luck if is_one else rng.gumbel(size=len(strengths)))
            weight = float(rng.choice([1.0, 4.0])) if self.weighted else 1.0
            for p in rng.permutation(len(self.pairs))[: self.per_example]:
                i, j = self.pairs[p]
                rate = rates[i, j]
                share = float(own[i] > own[j]) if is_one or rng.random() < self.shared else float(rng.random() < rate)
                if rng.random() < self.ties:  # as often in favour of either side, so that the expected share stays
                    share = 0.5 if rng.random() < 2 * min(rate, 1 - rate) else float(rate > 0.5)
                rows.append((i, j, share, weight, example // self.group))
        first, second, shares, weights, units = (np.array(column) for column in zip(*rows, strict=True))
        return rank_choices(first, second, shares, weights, units)


def count_misses(world: World, times: int, seed: int) -> tuple[dict[tuple[int, int], float], float, list[float]]:
    """The share of intervals that miss, by pair; of all pairs together; and by strategy, of averages."""
    rng = np.random.default_rng(seed)
    pairs, together, averages = dict.fromkeys(world.pairs, 0), 0, [0] * len(world.strengths)
    rates, means = world.rates, world.averages
    for _ in range(times):
        ranking = world.rank(rng)
        assert ranking is not None
        missed = False
        for pair, rate in ranking.pairs.items():
            assert rate.interval.low is not None and rate.interval.high is not None and rate.simultaneous is not None
            assert rate.simultaneous.low is not None and rate.simultaneous.high is not None
            assert rate.simultaneous.low <= rate.interval.low <= rate.value <= rate.interval.high <= rate.simultaneous.high
            pairs[pair] += not rate.interval.low <= rates[pair] <= rate.interval.high
            missed |= not rate.simultaneous.low <= rates[pair] <= rate.simultaneous.high
        together += missed
        for k, average in enumerate(ranking.averages):
            assert average.interval.low is not None and average.interval.high is not None
            averages[k] += not average.interval.low <= means[k] <= average.interval.high
    return {pair: count / times for pair, count in pairs.items()}, together / times, [count / times for count in averages]


WORLDS = {
    "few examples": World((0.0, 0.5, 1.0), 20),
    "equal strategies, ties": World((0.0, 0.0, 0.0), 20, ties=0.4, shared=0.8),
    "one always wins": World((0.0, 0.0, 8.0), 20, shared=1.0),
    "one nearly always wins": World((0.0, 1.0, 5.0), 20, shared=0.8),
    "one pair of each example": World((0.0, 0.5, 1.0), 60, ties=0.3, per_example=1),
    "patients": World((0.0, 0.5, 1.0), 90, ties=0.2, shared=0.5, group=3),
    "four, weighted": World((0.0, 0.3, 0.6, 3.0), 40, ties=0.2, shared=0.8, weighted=True),
    "five": World((0.0, 0.5, 1.0, 2.0, 3.0), 30, ties=0.1, shared=0.8),
    "six, two pairs of each example": World((0.0, 0.2, 0.4, 0.6, 0.8, 6.0), 100, ties=0.1, shared=0.5, per_example=2),
    "mostly ties": World((0.0, 0.5, 1.0), 20, ties=0.9, shared=0.8),
}


@pytest.mark.parametrize("name", ["one always wins", "equal strategies, ties"])
def test_intervals_cover(name: str) -> None:
    times = 40
    pairs, together, averages = count_misses(WORLDS[name], times, seed=1)
    assert all(at_most(0.07, share, times) for share in (*pairs.values(), together, *averages))


@pytest.mark.soak
@pytest.mark.parametrize("name", WORLDS)
def test_intervals_cover_everywhere(name: str) -> None:
    times = 800
    pairs, together, averages = count_misses(WORLDS[name], times, seed=2)
    shown = ", ".join(f"{100 * share:.1f}" for share in pairs.values())
    print(f"{name}: pairs missed {shown}%; together {100 * together:.1f}%; averages {', '.join(f'{100 * s:.1f}' for s in averages)}%")
    assert all(at_most(0.07, share, times) for share in (*pairs.values(), together, *averages))


def test_estimates_are_those_of_a_logistic_regression_with_clusters() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(4)
    pairs = [(i, j) for i, j in combinations(range(4), 2) for _ in range(300)]
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    shares = rng.choice([0.0, 0.5, 1.0], size=len(pairs), p=[0.25, 0.15, 0.6])
    units = rng.integers(0, 200, len(pairs))
    ranking = rank_choices(first, second, shares, np.ones(len(pairs)), units)
    design = np.eye(4)[first] - np.eye(4)[second]
    model = sm.GLM(shares, design[:, 1:], family=sm.families.Binomial())
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": units})
    strengths, spread = np.array([0.0, *fitted.params]), fitted.cov_params()
    assert ranking is not None
    for (i, j), rate in ranking.pairs.items():
        assert rate.value == pytest.approx(float(expit(strengths[i] - strengths[j])), abs=1e-4)
        contrast = (np.eye(4)[i] - np.eye(4)[j])[1:]
        half = 1.972 * float(np.sqrt(contrast @ spread @ contrast))  # t with 199 degrees of freedom
        low, high = expit(strengths[i] - strengths[j] - half), expit(strengths[i] - strengths[j] + half)
        assert (rate.interval.low, rate.interval.high) == pytest.approx((low, high), abs=0.012)


def test_a_strategy_that_always_wins_has_an_interval_up_to_certainty() -> None:
    first, second = np.repeat([0, 0, 1], 25), np.repeat([1, 2, 2], 25)
    shares = np.concatenate([np.ones(50), np.tile([0.0, 1.0, 0.5, 1.0, 0.0], 5)])
    ranking = rank_choices(first, second, shares, np.ones(75), np.tile(np.arange(25), 3))
    assert ranking is not None
    rate = ranking.pairs[0, 1]
    assert rate.value > 0.999 and rate.interval.high == pytest.approx(1.0, abs=1e-3) and rate.interval.low is not None
    assert 0.8 < rate.interval.low < 0.95 and rate.interval.reliable
    assert ranking.pairs[1, 2].value == pytest.approx(0.5, abs=0.01)


def test_strategies_that_are_never_compared_have_no_ranking() -> None:
    apart = rank_choices(np.repeat([0, 2], 20), np.repeat([1, 3], 20), np.ones(40), np.ones(40), np.arange(40))
    assert apart is None
    assert rank_choices(np.array([0]), np.array([1]), np.ones(1), np.ones(1), np.arange(1)) is None


def test_few_comparisons_are_marked() -> None:
    rare = rank_choices(np.repeat([0, 1], [30, 5]), np.repeat([1, 2], [30, 5]), np.tile([0.0, 1, 0.5, 1, 0], 7), np.ones(35), np.arange(35))
    assert rare is not None and not rare.pairs[0, 1].interval.reliable
    assert rare.pairs[0, 1].interval.reason == "fewer than 20 units of some strategy"
