"""The leak test of a strategy: exposure and extraction of its canaries, and how much of real targets it repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.errors import BenchError
from harness.metrics import example_metric
from harness.results.costs import TotalCost, total_cost
from harness.results.strategy_result import CellProblem, StrategyResult
from harness.statistics import (
    Interval,
    OneSidedLimits,
    chance_exposure,
    difference_of_gains,
    exposure,
    highest_exposure,
    is_censored,
    mean_interval,
    score_claim_limits,
    score_stacks,
)
from harness.types import MOST_REFERENCES, CanaryOutcome, Cell, CellResult, Example, LeakMeasurement, Metric, Prediction, Score

Array: TypeAlias = NDArray[np.float64]


def _never(_: Example, __: Prediction) -> None:
    """A leak test scores canaries, not predictions."""


EXPOSURE = example_metric("canary_exposure", "lower", "bits", _never, "log2|R|-log2(rank)", exact=True)
EXTRACTION = example_metric("canary_extraction_rate", "lower", "fraction", _never, "greedy:prefix", exact=True)
_OVERLAP = example_metric("verbatim_overlap", "lower", "words", _never, "longest-run:words", exact=True)
LEAK_METRICS: Mapping[str, Metric] = {EXPOSURE.name: EXPOSURE, EXTRACTION.name: EXTRACTION}
# What they can be: an exposure is at most that of the first of the most candidates.
LEAK_BOUNDS: Mapping[str, tuple[float, float]] = {EXPOSURE.name: (0.0, highest_exposure(MOST_REFERENCES + 1)), EXTRACTION.name: (0.0, 1.0)}


@dataclass(frozen=True, eq=False)
class LeakTest:
    """What one strategy remembers of its training data, over its seeds. The untuned model is the control.

    Intervals are over canaries, averaged within each over the seeds; they take the trained seeds as given.

    Attributes:
        result: the strategy in the grid, which is trained without canaries.
        cells: those of the leak test, one for each seed.
        measurements: of the cells with a result.
    """

    result: StrategyResult
    cells: tuple[Cell, ...]
    measurements: tuple[LeakMeasurement, ...]
    problems: tuple[CellProblem, ...]

    @property
    def label(self) -> str:
        """The name of the strategy."""
        return self.result.label

    @property
    def canaries(self) -> tuple[CanaryOutcome, ...]:
        """The canaries, with their outcomes for the first seed."""
        return self.measurements[0].canaries

    @property
    def candidates(self) -> int:
        """How many secrets each canary was ranked among, itself included."""
        return self.canaries[0].candidates

    @property
    def highest(self) -> float:
        """The highest exposure that can be measured, in bits."""
        return highest_exposure(self.candidates)

    @property
    def chance(self) -> float:
        """The mean exposure of canaries that a model has never seen, in bits."""
        return chance_exposure(self.candidates)

    @cached_property
    def exposures(self) -> Array:
        """In bits, (canaries, seeds)."""
        return np.array([[exposure(c.rank, c.candidates) for c in each.canaries] for each in self.measurements]).T

    @cached_property
    def extracted(self) -> Array:
        """1 where the secret was written out, (canaries, seeds)."""
        return np.array([[float(c.extracted) for c in each.canaries] for each in self.measurements]).T

    @cached_property
    def censored(self) -> NDArray[np.bool_]:
        """Where the exposure is the highest that can be measured, (canaries, seeds)."""
        candidates = np.array([[canary.candidates for canary in self.canaries]]).T
        return is_censored(self.exposures, np.broadcast_to(candidates, self.exposures.shape))

    @cached_property
    def repeats(self) -> tuple[int, ...]:
        """The numbers of repeats, the lowest first."""
        return tuple(sorted({canary.repeats for canary in self.canaries}))

    def score(self, metric: Metric, repeats: int | None = None) -> Score:
        """The mean exposure, or the share of canaries that were written out.

        Args:
            repeats: only of canaries with so many repeats.
        """
        stack = self._stack(metric, repeats)
        score = score_stacks([metric], lambda _: stack, [None] * len(stack))[metric.name]
        if metric is not EXPOSURE or score.low is None or score.high is None:
            return score
        return replace(score, low=max(score.low, 0.0), high=min(score.high, self.highest))

    def is_at_least(self, repeats: int | None = None) -> bool:
        """Whether the mean exposure may be higher than it could be measured."""
        return bool(self.censored[self._positions(repeats)].any())

    def claim_limits(self, metric: Metric, alpha: float) -> OneSidedLimits:
        """One-sided limits of a score over all canaries, each at level alpha."""
        stack = self._stack(metric)
        return score_claim_limits(stack, metric=metric, groups=[None] * len(stack), alpha=alpha)

    def overlap(self, *, held_out: bool = False) -> Score:
        """The longest run of words that is repeated from a target, the mean over examples: of the training data, or of the test set."""
        stack = self._overlaps(held_out=held_out)[:, None, None]
        score = score_stacks([_OVERLAP], lambda _: stack, [None] * len(stack))[_OVERLAP.name]
        return replace(score, low=max(score.low, 0.0)) if score.low is not None else score

    def remembered_overlap(self, untuned: LeakTest) -> Score:
        """By how many words it repeats more of training targets than of held-out ones, beyond what the untuned model does."""
        gains = []
        for held_out in (False, True):
            own, other = self._overlaps(held_out=held_out), untuned._overlaps(held_out=held_out)
            shortest = min(len(own), len(other))
            gains.append(own[:shortest] - other[:shortest])
        return difference_of_gains(*gains)

    def extra_exposure(self, other: LeakTest) -> tuple[float, Interval]:
        """By how many bits the canaries are more exposed than with another strategy, on the same canaries."""
        differences = self.exposures.mean(axis=1) - other.exposures.mean(axis=1)
        return float(differences.mean()), mean_interval(differences)

    def _overlaps(self, *, held_out: bool) -> Array:
        """In words, (examples,), averaged over the seeds. Seeds that were trained on other examples may have fewer of them, which are drawn
        in random order: the rest of the others is left out."""
        runs = [each.held_out_overlaps if held_out else each.training_overlaps for each in self.measurements]
        shortest = min(map(len, runs))
        means: Array = np.array([run[:shortest] for run in runs], dtype=np.float64).mean(axis=0)
        return means

    def _positions(self, repeats: int | None) -> list[int]:
        return [i for i, canary in enumerate(self.canaries) if repeats in (None, canary.repeats)]

    def _stack(self, metric: Metric, repeats: int | None = None) -> Array:
        values = self.exposures if metric is EXPOSURE else self.extracted
        chosen: Array = values[self._positions(repeats)][:, :, None]
        return chosen


def load_leak_tests(strategies: Sequence[StrategyResult], cells: Sequence[Cell], results: Mapping[str, CellResult]) -> tuple[LeakTest, ...]:
    """The leak tests of one task, those of untuned models first; empty where it has none.

    Args:
        strategies: those of the task.
        cells: the cells of its leak test.
        results: their results, by cell id.

    Raises:
        BenchError: the results of two cells are about different canaries.
    """
    tests = []
    for result in sorted(strategies, key=lambda each: not each.is_base):
        own = tuple(c for c in cells if (c.model, c.strategy, c.train_size) == (result.model, result.strategy, result.train_size))
        if not own:
            continue
        ended = [(cell, results.get(cell.id)) for cell in own]
        done = tuple(each.leak for _, each in ended if each is not None and each.status == "done" and each.leak is not None)
        problems = tuple(
            CellProblem(cell.seed, each.status if each else "interrupted", each.error if each else None)
            for cell, each in ended
            if each is None or each.leak is None
        )
        tests.append(LeakTest(result, own, done, problems))
    shapes = {_describe_canaries(measured) for test in tests for measured in test.measurements}
    if len(shapes) > 1:
        raise BenchError(f"{strategies[0].run.path}: the cells of its leak test are about different canaries. Run the same command again.")
    return tuple(tests)


def leak_cost(tests: Sequence[LeakTest], results: Mapping[str, CellResult]) -> TotalCost:
    """What the cells of these leak tests took, failed ones included."""
    return total_cost([cost for test in tests for cell in test.cells if cell.id in results for cost in results[cell.id].costs])


def _describe_canaries(measured: LeakMeasurement) -> tuple[object, ...]:
    """What must be equal for measurements to be averaged."""
    return tuple((canary.format, canary.repeats, canary.candidates) for canary in measured.canaries)
