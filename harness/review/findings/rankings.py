"""One ranking of three strategies or more from the raters' choices between pairs."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from harness.review.findings.findings import RankedPair, RankedStrategy, StrategyRanking
from harness.review.findings.preferences import average_wins
from harness.review.ratings import UnblindedRatings
from harness.statistics import ExpectedWinRate, Interval, rank_choices
from harness.types import Score


def rank_strategies(ratings: UnblindedRatings) -> StrategyRanking | None:
    """The ranking, the best first; None for fewer than three strategies, or where the ratings do not connect them."""
    names = ratings.strategies
    rows = [
        (i, j, example, share)
        for i, j in combinations(range(len(names)), 2)
        for example, share in average_wins(ratings, names[i], names[j]).items()
    ]
    if len(names) < 3 or not rows:
        return None
    first, second, examples, shares = zip(*rows, strict=True)
    chances = np.array([ratings.key.inclusion_probabilities[example] for example in examples])
    units = [ratings.get_cluster(example) for example in examples]
    ranking = rank_choices(np.array(first), np.array(second), np.array(shares), 1 / chances, units, confidence=ratings.confidence)
    if ranking is None or len(ranking.averages) < len(names):
        return None
    strategies = sorted(
        (RankedStrategy(name, _to_score(rate, rate.interval)) for name, rate in zip(names, ranking.averages, strict=True)),
        key=lambda each: -(each.win_rate.value or 0.0),
    )
    order = [each.strategy for each in strategies]
    pairs = []
    for (i, j), rate in ranking.pairs.items():
        assert rate.simultaneous is not None  # as all pairs have
        score = _to_score(rate, rate.simultaneous)
        is_reversed = order.index(names[i]) > order.index(names[j])
        better, worse = (names[j], names[i]) if is_reversed else (names[i], names[j])
        pairs.append(RankedPair(better, worse, _complement(score) if is_reversed else score))
    return StrategyRanking(
        tuple(strategies), tuple(sorted(pairs, key=lambda pair: (order.index(pair.strategy), order.index(pair.against))))
    )


def _to_score(rate: ExpectedWinRate, interval: Interval) -> Score:
    return Score(rate.value, interval.low, interval.high, interval.n, interval.method, reliable=interval.reliable, reason=interval.reason)


def _complement(score: Score) -> Score:
    value, low, high = (None if end is None else 1 - end for end in (score.value, score.high, score.low))
    return Score(value, low, high, score.n, score.method, reliable=score.reliable, reason=score.reason)
