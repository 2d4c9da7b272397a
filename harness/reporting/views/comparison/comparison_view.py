"""A comparison of two strategies as plain values. Differences are B minus A throughout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.results import MetricMismatch, StrategyCosts
from harness.statistics import Comparison, KeptGain, NotWorse, Reduction, SeedSpread
from harness.types import Score


@dataclass(frozen=True)
class ComparedStrategy:
    """One strategy of one run, over its seeds. `varies_by_seed` tells whether another seed can change it at all."""

    run: str
    label: str
    strategy: str
    model: str
    train_size: int
    seeds: tuple[int, ...]
    costs: StrategyCosts | None
    varies_by_seed: bool


@dataclass(frozen=True)
class ComparedScore:
    """One score of both strategies.

    Attributes:
        adjusted: the p-value after Benjamini–Hochberg among the scores beside the primary one; None for the primary score, which the
            task names in advance.
        unchecked: whether it claims that texts are true, but is neither exact nor shown to agree with raters of either run.
    """

    name: str
    direction: str
    unit: str
    signature: str
    a: Score
    b: Score
    comparison: Comparison
    adjusted: float | None
    unchecked: bool = False


@dataclass(frozen=True)
class ComparedSlice:
    """A score on some of the examples. `adjusted` is the p-value after Benjamini–Hochberg among the slices."""

    name: str
    examples: int
    a: float | None
    b: float | None
    comparison: Comparison
    adjusted: float | None


@dataclass(frozen=True)
class ChangedExample:
    """An example with its score in A and in B (the mean of their seeds), and what the seeds that differ most wrote."""

    id: str
    title: str
    references: tuple[str, ...]
    a: float
    b: float
    output_a: str
    output_b: str


@dataclass(frozen=True)
class SetupDifference:
    """Something that A and B were computed with and that differs: a package, the device or the dtype. None: not used."""

    name: str
    a: str | None
    b: str | None


@dataclass(frozen=True)
class ComparisonView:
    """B against A on one task.

    Attributes:
        scores: the primary one first.
        over_seeds: the difference of the primary score for other seeds as well; None where a strategy that varies has one seed.
        kept: what B keeps of A's improvement over the base model.
        changed: the examples that changed most by the score `changed_by`; empty if none changed.
        slices: by the score `sliced`. Both scores may not be the primary one: some scores no single example has, and some no slice.
        mismatch: scores that only one of the runs has, or decides by.
        setup: what A and B were computed with, where it differs.
        incomplete: the strategies with unfinished cells: label, seeds that are done, seeds planned.
    """

    task: str
    examples: int
    margin: float
    a: ComparedStrategy
    b: ComparedStrategy
    scores: tuple[ComparedScore, ...]
    over_seeds: SeedSpread | None
    not_worse: NotWorse | None
    kept: KeptGain | None
    reductions: Mapping[str, Reduction]
    changed_by: str
    changed: tuple[ChangedExample, ...]
    by: str
    sliced: str
    slices: tuple[ComparedSlice, ...]
    mismatch: MetricMismatch
    setup: tuple[SetupDifference, ...]
    incomplete: tuple[tuple[str, int, int], ...]

    @property
    def primary(self) -> ComparedScore:
        """The primary score."""
        return self.scores[0]

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The names of the scores that are not checked against people."""
        return tuple(score.name for score in self.scores if score.unchecked)

    def unit_of(self, score: str) -> str:
        """The unit of one of the scores."""
        return next(row.unit for row in self.scores if row.name == score)
