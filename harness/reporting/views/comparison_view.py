"""What a comparison of two strategies says, as values that a terminal or a program can print. `reporting.compare` fills it.

Everywhere A is what B is held against: differences are B − A.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.results import StrategyCosts
from harness.statistics import Comparison, KeptGain, NotWorse, Reduction, SeedSpread
from harness.types import Score


@dataclass(frozen=True)
class Side:
    """One strategy of one run, over its seeds. `trained` tells whether a seed can change it at all."""

    run: str
    label: str
    strategy: str
    model: str
    train_size: int
    seeds: tuple[int, ...]
    costs: StrategyCosts | None
    trained: bool


@dataclass(frozen=True)
class ScoreRow:
    """One score of both. `adjusted` is the p-value after Benjamini–Hochberg among the scores beside the primary one; the primary
    score was named before anybody looked, and has none."""

    name: str
    direction: str
    unit: str
    signature: str
    a: Score
    b: Score
    found: Comparison
    adjusted: float | None


@dataclass(frozen=True)
class Slice:
    """A score on some of the rows. `adjusted` is the p-value after Benjamini–Hochberg among the slices."""

    name: str
    rows: int
    a: float | None
    b: float | None
    found: Comparison
    adjusted: float | None


@dataclass(frozen=True)
class Changed:
    """An example, its score with A and with B (the mean of their seeds), and what those seeds of each wrote which
    differ most."""

    id: str
    title: str
    references: tuple[str, ...]
    a: float
    b: float
    output_a: str
    output_b: str


@dataclass(frozen=True)
class ComparisonView:
    """B against A on one task.

    `scores` begins with the primary one. `over_seeds` is its difference for other seeds as well, None where a trained side has one
    seed. `kept` is what B keeps of A's gain over the base model. `changed` are the examples that changed most by the score
    `changed_by`, and the slices have the score `sliced`, which may not be the primary one: some scores no single example has, and some
    no part of the rows.
    """

    task: str
    rows: int
    margin: float
    a: Side
    b: Side
    scores: tuple[ScoreRow, ...]
    over_seeds: SeedSpread | None
    not_worse: NotWorse | None
    kept: KeptGain | None
    reductions: Mapping[str, Reduction]
    changed_by: str
    changed: tuple[Changed, ...]
    by: str
    sliced: str
    slices: tuple[Slice, ...]
    warnings: tuple[str, ...]

    @property
    def primary(self) -> ScoreRow:
        """The score that decides."""
        return self.scores[0]
