"""One ranking of three strategies or more from choices between two of them (Bradley–Terry).

The model: in a comparison of i and j, i wins with probability p_ij = 1 / (1 + exp(θ_j − θ_i)). A tie counts as half a win, so p_ij is the
expected win rate, as for two strategies (Bradley & Terry 1952, Biometrika 39). The score equations are those of a binomial likelihood with
shares as outcomes (Papke & Wooldridge 1996): the estimates are right however frequent ties are, and the variance is that of the
data, not of the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.distributions import t_quantile, t_tail
from harness.statistics.examples import Groups, cluster_index
from harness.statistics.intervals import Basis, Interval, share_limits

Array: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

FEWEST_UNITS = 20  # independent units in all, and of each strategy, from which the intervals hold
_PRIOR = 0.5  # of a comparison for each strategy in the variance, half won and half lost
_TRACE = 1e-4  # the same in the estimate: just enough for it to exist where a strategy always wins
_DRAWS = 8_000  # of the largest of all pairs' deviations


@dataclass(frozen=True)
class ExpectedWinRate:
    """How often a strategy is expected to win: against another one, or on average against all others.

    Attributes:
        simultaneous: the interval that holds for all pairs together; None for an average.
    """

    value: float
    interval: Interval
    simultaneous: Interval | None = None


@dataclass(frozen=True)
class Ranking:
    """Strategies on one scale.

    Attributes:
        averages: by strategy (its number), against all others.
        pairs: by pair (i, j) with i < j, of i against j.
    """

    averages: tuple[ExpectedWinRate, ...]
    pairs: dict[tuple[int, int], ExpectedWinRate]


def rank_choices(
    first: Integers,
    second: Integers,
    shares: Array,
    weights: Array,
    units: Groups,
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> Ranking | None:
    """Rank strategies by comparisons, each the mean over the raters of one example and pair.

    Intervals: with the jackknife over units on the logit scale and t, and those of a share with as many independent comparisons as carry
    the same information (`share_limits`); the outer of the two. The second has an end at 1 where a strategy always wins. Those for all
    pairs together use the quantile of the largest of the pairs' t statistics, as Tukey's method does (Hothorn, Bretz & Westfall 2008).

    Simulated for 3–6 strategies, 20–60 examples, all pairs of each example or one, ties and strategies that always win: 94–99% coverage
    (`tests/statistics/test_paired_choices.py`). With fewer than 20 units of some strategy the intervals are not reliable.

    Args:
        first, second: the numbers of the two strategies, from 0, (m,).
        shares: the share of the comparison that the first wins, from 0 to 1, (m,).
        weights: inverse inclusion probabilities, on any scale, (m,).
        units: what is independent: the example or the group of each comparison.
        seed: of the quantile for all pairs together.

    Returns:
        None where there are fewer than two units, or the comparisons do not connect all strategies.
    """
    count = int(max(first.max(), second.max())) + 1 if len(first) else 0
    index = cluster_index(units, len(first))
    cluster = np.arange(len(first)) if index is None else index
    number = int(cluster.max()) + 1 if len(first) else 0
    if number < 2 or not _is_connected(first, second, count):
        return None
    comparisons = _Comparisons.build(first, second, shares, weights / weights.mean(), cluster, count)
    estimate = comparisons.add_prior(_TRACE).solve()
    steady = comparisons.add_prior(_PRIOR)
    strengths, spread = steady.solve(), steady.jackknife()
    reach = min(len(np.unique(cluster[(first == k) | (second == k)])) for k in range(count))
    method = f"Bradley–Terry, jackknife over {number} units and effective share"
    enough = min(number, reach) >= FEWEST_UNITS
    basis = Basis(len(first), number, method).require(enough, f"fewer than {FEWEST_UNITS} units of some strategy")
    pairs = list(combinations(range(count), 2))
    contrasts = np.zeros((len(pairs), count))
    for row, (i, j) in enumerate(pairs):
        contrasts[row, i], contrasts[row, j] = 1.0, -1.0
    quantiles = _get_quantiles(contrasts @ spread @ contrasts.T, number - 1, confidence, seed)
    most = 2 * len(first) / count  # comparisons of a strategy
    ends = _Ends(basis, number - 1, most)
    of_pairs = {}
    for pair, contrast in zip(pairs, contrasts, strict=True):
        logit, se = float(contrast @ strengths), float(np.sqrt(contrast @ spread @ contrast))
        value = _rate(float(contrast @ estimate))
        of_pairs[pair] = ExpectedWinRate(value, *(ends.compute(value, logit, se, quantile) for quantile in quantiles))
    return Ranking(tuple(_average(k, estimate, strengths, spread, ends, quantiles[0]) for k in range(count)), of_pairs)


@dataclass(frozen=True)
class _Comparisons:
    """Comparisons as a logistic regression without intercept: `signs` (m, k) has 1 for the first strategy and −1 for the second."""

    signs: Array
    shares: Array
    weights: Array
    cluster: Integers

    @staticmethod
    def build(first: Integers, second: Integers, shares: Array, weights: Array, cluster: Integers, count: int) -> _Comparisons:
        signs = np.zeros((len(first), count))
        signs[np.arange(len(first)), first] = 1.0
        signs[np.arange(len(first)), second] -= 1.0
        return _Comparisons(signs, shares, weights, cluster)

    def add_prior(self, amount: float) -> _Comparisons:
        """With comparisons of every pair that either side wins once, each a unit of its own; `amount` is their weight per strategy."""
        count = self.signs.shape[1]
        pairs = np.array([(i, j) for pair in combinations(range(count), 2) for i, j in (pair, pair[::-1])])
        added = _Comparisons.build(pairs[:, 0], pairs[:, 1], np.ones(len(pairs)), np.ones(len(pairs)), np.arange(len(pairs)), count)
        weights = np.full(len(pairs), amount / 2 / (count - 1))
        return _Comparisons(
            np.vstack([self.signs, added.signs]),
            np.concatenate([self.shares, added.shares]),
            np.concatenate([self.weights, weights]),
            np.concatenate([self.cluster, self.cluster.max() + 1 + added.cluster]),
        )

    def solve(self) -> Array:
        """The strengths (k,), which sum to 0: Newton's method with steps of at most 2."""
        strengths = np.zeros(self.signs.shape[1])
        for _ in range(200):
            scores, information = self._derive(strengths)
            step = np.linalg.solve(information.sum(axis=0) + _level(len(strengths)), scores.sum(axis=0))
            size = float(np.abs(step).max())
            strengths = strengths + step * min(1.0, 2.0 / max(size, 1e-12))
            if size < 1e-9:
                break
        return strengths

    def jackknife(self) -> Array:
        """The covariance (k, k) of the strengths: each unit left out in turn, by one Newton step (Lipsitz, Dear & Zhao 1994)."""
        scores, information = self._derive(self.solve())
        number, count = scores.shape
        rest = information.sum(axis=0) + _level(count) - information
        moves = np.linalg.solve(rest, scores[:, :, None])[:, :, 0]
        moves = moves - moves.mean(axis=0)
        covariance: Array = (number - 1) / number * moves.T @ moves
        return covariance

    def _derive(self, strengths: Array) -> tuple[Array, Array]:
        """By unit, the score (G, k) and the information (G, k, k)."""
        expected = _expit(self.signs @ strengths)
        number, count = int(self.cluster.max()) + 1, len(strengths)
        scores, information = np.zeros((number, count)), np.zeros((number, count, count))
        np.add.at(scores, self.cluster, self.signs * (self.weights * (self.shares - expected))[:, None])
        spread = self.weights * expected * (1 - expected)
        np.add.at(information, self.cluster, spread[:, None, None] * self.signs[:, :, None] * self.signs[:, None, :])
        return scores, information


@dataclass(frozen=True)
class _Ends:
    """How the ends of an interval of a win rate follow from the estimate on the logit scale.

    Attributes:
        most: the largest number of independent comparisons that an estimate can be worth.
    """

    basis: Basis
    df: int
    most: float

    def compute(self, value: float, logit: float, se: float, quantile: float) -> Interval:
        """Args:
        value: the estimate, of which `logit` and `se` are a steadier one and its standard error.
        quantile: of t.
        """
        steady = _rate(logit)
        effective = min(1 / max(steady * (1 - steady) * se * se, 1e-12), self.most)
        low, high = share_limits(value, effective, 1 - 2 * t_tail(quantile, self.df))
        low, high = min(low, _rate(logit - quantile * se)), max(high, _rate(logit + quantile * se))
        return self.basis.interval(low, high, df=float(self.df))


def _average(k: int, estimate: Array, strengths: Array, spread: Array, ends: _Ends, quantile: float) -> ExpectedWinRate:
    """The mean expected win rate of one strategy against the others, with the delta method on the logit scale."""
    others = np.arange(len(strengths)) != k
    value = float(_expit(estimate[k] - estimate[others]).mean())
    rates = _expit(strengths[k] - strengths[others])
    gradient = np.zeros(len(strengths))
    gradient[others] = -rates * (1 - rates) / len(rates)
    gradient[k] = -gradient.sum()
    steady = float(rates.mean())
    se = float(np.sqrt(gradient @ spread @ gradient)) / (steady * (1 - steady))
    return ExpectedWinRate(value, ends.compute(value, float(np.log(steady / (1 - steady))), se, quantile))


def _get_quantiles(covariance: Array, df: int, confidence: float, seed: int) -> tuple[float, float]:
    """The quantile of |t| for one pair, and of the largest |t| of all pairs, of which `covariance` is given."""
    single = t_quantile((1 + confidence) / 2, df)
    scale = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    rng = np.random.default_rng([seed, 79])
    draws = rng.standard_normal((_DRAWS, len(scale))) @ (vectors * np.sqrt(np.clip(values, 0, None))).T
    largest = np.abs(draws).max(axis=1) / np.sqrt(rng.chisquare(df, _DRAWS) / df)
    return single, max(single, float(np.quantile(largest, confidence)))


def _is_connected(first: Integers, second: Integers, count: int) -> bool:
    """Whether comparisons lead from every strategy to every other."""
    reached, pairs = {0}, {(int(i), int(j)) for i, j in zip(first, second, strict=True)}
    for _ in range(count):
        reached |= {other for pair in pairs if reached & set(pair) for other in pair}
    return len(reached) == count


def _level(count: int) -> Array:
    """Fixes the level of the strengths, on which no comparison depends."""
    return np.full((count, count), 1.0 / count)


def _expit(values: Array) -> Array:
    from scipy.special import expit

    result: Array = expit(values)
    return result


def _rate(logit: float) -> float:
    return float(_expit(np.array(logit)))
