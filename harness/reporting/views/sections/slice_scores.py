"""The score of each strategy on slices of the test examples: by their length, their class, and columns of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.results import StrategyResult, TaskResults, candidate_slices, example_metric_of
from harness.statistics import score_stacks
from harness.types import Metric, Score

Array: TypeAlias = NDArray[np.float64]
_LEAST_EXAMPLES = 20  # with fewer test examples, slices say nothing


@dataclass(frozen=True)
class SliceRow:
    """One slice of the test examples, and the score of each strategy on it, by label."""

    name: str
    examples: int
    scores: Mapping[str, Score]


@dataclass(frozen=True)
class SliceTable:
    """The test examples sliced by one thing, and the score that they are judged by."""

    by: str
    score: str
    rows: tuple[SliceRow, ...]


def build_slice_tables(results: TaskResults, strategies: Sequence[StrategyResult]) -> tuple[SliceTable, ...]:
    """A table for each way to slice the test examples into 2 to 12 parts; none where no score judges single examples."""
    metric = example_metric_of(results.metrics)
    if metric is None or not strategies or len(results.examples) < _LEAST_EXAMPLES:
        return ()
    stacks = {strategy.label: strategy.stack(metric) for strategy in strategies}
    return tuple(
        SliceTable(by, metric.name, tuple(_row(name, positions, results.groups, metric, stacks) for name, positions in slices.items()))
        for by, slices in candidate_slices(results.examples, classes=results.task.chooses).items()
    )


def _row(name: str, positions: Sequence[int], groups: Sequence[str | None], metric: Metric, stacks: Mapping[str, Array]) -> SliceRow:
    own_groups = [groups[i] for i in positions]

    def score(stack: Array) -> Score:
        return score_stacks([metric], lambda _: stack[list(positions)], own_groups)[metric.name]

    return SliceRow(name, len(positions), {label: score(stack) for label, stack in stacks.items()})
