"""Does a judge prefer long outputs, or its own, more than raters do?

Whether a judge prefers long outputs, or those of its own model, shows only in comparison: longer outputs, and its own, may be better. So
both are shares of pairs of outputs for one input, of the judge on all test examples, of the raters on the examples that they rated, and
the difference of the two on these, example by example:

    length bias      how often the longer output wins        (verbosity bias: Zheng et al. 2023, arXiv 2306.05685; Dubois et al. 2024,
                                                               arXiv 2404.04475)
    self-preference  how often the output of the judge's own model, or of its family, wins against another
                                                              (Panickssery, Bowman & Feng 2024, arXiv 2404.13076)

A tie is half. Pairs of equally long outputs, and pairs with two outputs or none of its own, say nothing about these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.judging import JudgeRecord, JudgeScores, estimate_share, has_too_many_missing
from harness.results import TaskScores
from harness.review.findings.metric_agreement import average_ratings
from harness.review.ratings import UnblindedRatings
from harness.statistics import weighted_difference
from harness.types import Score

Array: TypeAlias = NDArray[np.float64]
WhyUnknown: TypeAlias = Literal["one_strategy", "equal_lengths", "no_verdicts", "no_ratings", "only_own", "none_own"]
# For one pair of strategies, by example: how often the output in question wins; NaN where the question does not arise.
Toward: TypeAlias = Callable[[Array, str, str], Array]


@dataclass(frozen=True)
class BiasComparison:
    """How often a judge prefers one kind of output, beside how often raters do.

    Attributes:
        judge: on all test examples; None where the question does not arise.
        raters: on the rated examples.
        difference: the judge less the raters, on the examples that have both.
        why_unknown: why there is no difference, and so no bias is known; empty where there is one.
    """

    judge: Score | None
    raters: Score | None
    difference: Score | None
    why_unknown: WhyUnknown | Literal[""]


def count_words(results: TaskScores, scores: JudgeScores) -> dict[str, Array]:
    """The words of each output, (N,), by strategy."""
    cells = {cell.id: cell for cell in results.run.cells}
    words = {}
    for name, cell in scores.record.cells.items():
        counts = {prediction.example_id: len(prediction.output.split()) for prediction in results.predictions(cells[cell])}
        words[name] = np.array([float(counts.get(example.id, 0)) for example in results.examples])
    return words


def toward_longer(words: Mapping[str, Array]) -> Toward:
    """Whether the longer output wins."""

    def toward(wins: Array, strategy: str, against: str) -> Array:
        longer = np.sign(words[strategy] - words[against])
        return np.where(longer == 0, np.nan, np.where(longer > 0, wins, 1 - wins))

    return toward


def toward_own(record: JudgeRecord) -> Toward:
    """Whether the output of the judge's own model or family wins against another."""

    def toward(wins: Array, strategy: str, against: str) -> Array:
        own = (strategy in record.own, against in record.own)
        return wins if own == (True, False) else 1 - wins if own == (False, True) else np.full_like(wins, np.nan)

    return toward


class JudgeComparison:
    """Shares of pairs that the judge, and raters, decide in one way."""

    def __init__(self, results: TaskScores, scores: JudgeScores, ratings: UnblindedRatings | None) -> None:
        self._results, self._scores, self._ratings = results, scores, ratings
        self._positions = {example.id: position for position, example in enumerate(results.examples)}
        self._rated = {} if ratings is None else _list_rater_wins(ratings, scores, self._positions)

    def compare(self, toward: Toward, never: WhyUnknown) -> BiasComparison:
        """How often the output in question wins, for the judge and for the raters.

        Args:
            never: why the question may arise for no pair.
        """
        by_judge = [toward(self._scores.wins(*pair), *pair) for pair in self._scores.pairs]
        judge = estimate_share(_average(by_judge), self._results.groups, is_unsure=has_too_many_missing(self._scores)) if by_judge else None
        if judge is None:
            is_silent = bool(self._scores.pairs) and all(np.isnan(self._scores.wins(*pair)).all() for pair in self._scores.pairs)
            return BiasComparison(None, None, None, "no_verdicts" if is_silent else never)
        pairs = [pair for pair in self._scores.pairs if pair in self._rated]
        by_raters = {pair: toward(self._rated[pair], *pair) for pair in pairs}
        if self._ratings is None or not pairs or np.isnan(_average(list(by_raters.values()))).all():
            return BiasComparison(judge, None, None, "no_ratings")
        probabilities = self._list_probabilities()
        raters = estimate_share(_average(list(by_raters.values())), self._results.groups, probabilities)
        both = _average([toward(self._scores.wins(*pair), *pair) - by_raters[pair] for pair in pairs])
        difference = self._estimate_difference(both, probabilities)
        return BiasComparison(judge, raters, difference, "" if difference is not None else "no_ratings")

    def _list_probabilities(self) -> Array:
        """Of each test example to be rated; 1 where it was not sampled, in which case nothing refers to it."""
        assert self._ratings is not None
        known = self._ratings.key.inclusion_probabilities
        return np.array([known.get(example.id, 1.0) for example in self._results.examples])

    def _estimate_difference(self, values: Array, probabilities: Array) -> Score | None:
        known = [i for i, value in enumerate(values) if not np.isnan(value)]
        if not known:
            return None
        groups = [self._results.groups[i] for i in known]
        mean, interval = weighted_difference(values[known], probabilities[known], groups)
        is_reliable = interval.reliable and not has_too_many_missing(self._scores)
        return Score(mean, interval.low, interval.high, len(known), interval.method, reliable=is_reliable, reason=interval.reason)


def _list_rater_wins(ratings: UnblindedRatings, scores: JudgeScores, positions: Mapping[str, int]) -> dict[tuple[str, str], Array]:
    """By pair of judged strategies, how far raters prefer the first, (N,); NaN where they did not rate it. Where they rated outputs one by
    one, they prefer the one with the better rating."""
    wins = {pair: np.full(len(positions), np.nan) for pair in scores.pairs}
    means = average_ratings(ratings)
    judged = {name for name, cell in ratings.key.cells.items() if scores.record.cells.get(name) == cell}
    for example, strategies in means:
        if len(strategies) == 2 and example in positions:
            second = means[example, strategies]
            _set(wins, strategies, second, positions[example], judged)
    single: dict[str, dict[str, float]] = {}
    for (example, strategies), mean in means.items():
        if len(strategies) == 1 and example in positions:
            single.setdefault(example, {})[strategies[0]] = mean
    for example, by_strategy in single.items():
        for one, other in combinations(sorted(by_strategy), 2):
            second = (1 + float(np.sign(by_strategy[other] - by_strategy[one]))) / 2
            _set(wins, (one, other), second, positions[example], judged)
    return {pair: values for pair, values in wins.items() if not np.isnan(values).all()}


def _set(wins: dict[tuple[str, str], Array], strategies: tuple[str, ...], second: float, position: int, judged: set[str]) -> None:
    """Note how far raters prefer the second of two strategies."""
    if not set(strategies) <= judged:
        return
    one, other = strategies
    if (other, one) in wins:
        wins[other, one][position] = second
    elif (one, other) in wins:
        wins[one, other][position] = 1 - second


def _average(columns: Sequence[Array]) -> Array:
    """The mean of several arrays, NaN left out, (N,)."""
    stacked = np.array(columns)
    counts = (~np.isnan(stacked)).sum(axis=0)
    return np.where(counts > 0, np.nansum(stacked, axis=0) / np.maximum(counts, 1), np.nan)
