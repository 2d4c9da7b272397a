"""Ratings joined with the automatic scores of all test examples: estimates from few ratings that are as right, and more precise.

Only of quality: win rates, mean ratings and their differences, and the share of outputs with any error. Critical errors are never combined,
so that no limit on them is kept because of an automatic score: they are rare, and then a combined interval holds far less often than it
says, while it would hardly be narrower.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.results import TaskScores
from harness.review.findings.automatic_scores import list_automatic_scores
from harness.review.findings.findings import Combined
from harness.review.ratings import UnblindedRatings
from harness.statistics import Interval, assisted_mean, favoured_sample_factor
from harness.types import Score

Array: TypeAlias = NDArray[np.float64]


class ScoreCombiner:
    """Joins estimates from the ratings of one packet with the task's scores of single examples.

    The score that helps is chosen for each rated example by the ratings of the others, so that the choice needs no correction.
    """

    def __init__(self, results: TaskScores, ratings: UnblindedRatings, *, only: str | None = None) -> None:
        """
        Args:
            only: the name of one score; None for all.
        """
        self._results = results
        self._ratings = ratings
        cells = {cell.id: cell for cell in results.run.cells}
        rated = {name: cells[cell] for name, cell in ratings.key.cells.items()}
        self._scores = [score for score in list_automatic_scores(results, rated) if only in (None, score.name)]
        self._loaded: dict[tuple[str, str | None], Array] = {}

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {example.id: position for position, example in enumerate(self._results.examples)}

    def combine(
        self,
        by_example: Mapping[str, float],
        alone: Score,
        *,
        strategy: str,
        against: str | None = None,
        scale: tuple[float, float] = (0.0, 1.0),
        exact: bool = False,
        unseen: tuple[float, float] | None = None,
    ) -> Combined | None:
        """An estimate with the help of a score; None where nothing was rated, there is no score, or the sample describes only itself.

        Args:
            by_example: the mean rating of each rated example; of two strategies, better for `strategy` where it is larger.
            alone: the estimate from the ratings alone.
            against: the other strategy of a pair, or of a difference.
            scale: the smallest and the largest value.
            exact: whether `alone` is a share with an exact interval.
            unseen: how bad and how good ratings of other examples may be; None for the ends of the scale.
        """
        if not by_example or not self._scores or not self._ratings.key.representative or not self._positions.keys() >= by_example.keys():
            return None
        scores = self._load(strategy, against)
        values, probabilities, _ = self._ratings.to_arrays(by_example)
        joined = assisted_mean(
            values,
            np.array([self._positions[example] for example in by_example]),
            scores,
            probabilities,
            self._results.groups,
            Interval(alone.low, alone.high, alone.n, alone.n, alone.method, alone.reliable),
            is_share=scale == (0.0, 1.0) and bool(np.isin(values, (0.0, 1.0)).all()),
            exact=exact,
            ends=unseen or scale,
            confidence=self._ratings.confidence,
        )
        if joined.interval is None:
            return Combined(joined.why_alone)
        low, high = (None if end is None else min(max(end, scale[0]), scale[1]) for end in (joined.interval.low, joined.interval.high))
        method, reliable, reason = joined.interval.method, joined.interval.reliable, joined.interval.reason
        estimate = Score(joined.estimate, low, high, len(values), method, reliable=reliable, reason=reason)
        names = tuple(self._scores[number].name for number in joined.scores)
        return Combined("", estimate, names, joined.explained, len(scores), joined.effective)

    def compare_sample(self, by_example: Mapping[str, float], planned: Array, *, strategy: str, against: str) -> float:
        """How many times as many ratings as a random sample one with these probabilities of all test examples needs."""
        values, probabilities, _ = self._ratings.to_arrays(by_example)
        rated = np.array([self._positions[example] for example in by_example])
        scores = self._load(strategy, against)
        return favoured_sample_factor(values, rated, scores, probabilities, self._results.groups, planned)

    def _load(self, strategy: str, against: str | None) -> Array:
        """The scores of the outputs that were rated, and of all others of the same cell, (examples, scores); of a pair the differences."""
        if (strategy, against) not in self._loaded:
            columns = [
                score.load_outputs(strategy) if against is None else score.load_differences(strategy, against) for score in self._scores
            ]
            self._loaded[strategy, against] = np.column_stack(columns)
        return self._loaded[strategy, against]
