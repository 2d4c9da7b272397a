"""Where a strategy is good and where not: its score on parts of the test rows, by their length, their class, and columns of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.reporting.views.view import SliceRow, SliceTable
from harness.results import candidate_slices
from harness.statistics import score_stacks
from harness.types import Example, Metric, Score

Array: TypeAlias = NDArray[np.float64]
_LEAST_ROWS = 20  # with fewer test rows a part of them says nothing


def slice_tables(
    examples: Sequence[Example], groups: Sequence[str | None], metric: Metric, stacks: Mapping[str, Array], *, classes: bool
) -> tuple[SliceTable, ...]:
    """A table for each way to cut the rows into 2 to 12 parts.

    Args:
        metric: one that judges single examples.
        stacks: by strategy, its scores, (examples, seeds, 1).
        classes: whether the rows have a class, by which they are cut as well.
    """
    if len(examples) < _LEAST_ROWS:
        return ()
    return tuple(
        SliceTable(by, metric.name, tuple(_row(name, rows, groups, metric, stacks) for name, rows in slices.items()))
        for by, slices in candidate_slices(examples, classes=classes).items()
    )


def _row(name: str, rows: Sequence[int], groups: Sequence[str | None], metric: Metric, stacks: Mapping[str, Array]) -> SliceRow:
    own = [groups[i] for i in rows]

    def score(stack: Array) -> Score:
        return score_stacks([metric], lambda _: stack[list(rows)], own)[metric.name]

    return SliceRow(name, len(rows), {label: score(stack) for label, stack in stacks.items()})
