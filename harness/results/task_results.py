"""One task's rows and what the analysis says about them. Every number in a report comes through here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.errors import BenchError
from harness.metrics import FACTS, metrics_for
from harness.statistics import (
    Comparison,
    LearningCurve,
    Reduction,
    compare_scores,
    learning_curve,
    relative_reduction,
    stack_scores,
    statistic_stack,
    stored_stack,
)
from harness.store import StoredRun
from harness.types import Cell, Example, Metric, Prediction, Score, Task

Array: TypeAlias = NDArray[np.float64]


class TaskResults:
    """The test rows of a task with the predictions of its cells, read once and when asked for."""

    def __init__(self, run: StoredRun, task: Task) -> None:
        self._run = run
        self._predictions: dict[str, tuple[Prediction, ...]] = {}
        self._primary: dict[str, Array] = {}
        self._scores: dict[tuple[str, ...], dict[str, Score]] = {}
        self.task = task

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The test rows; none where the run was stopped before they were stored.

        Raises:
            BenchError: when there are results, but the rows that they are about are missing or damaged.
        """
        try:
            return self._run.examples(self.task.name)
        except BenchError:
            if any(cell.task == self.task.name and self._run.status(cell.id) == "done" for cell in self._run.cells):
                raise
            return ()

    @cached_property
    def groups(self) -> tuple[str | None, ...]:
        """The cluster of each test row."""
        return tuple(e.group for e in self.examples)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels that answers are chosen from: as declared, else as the rows offer them, else the distinct targets."""
        if self.task.labels or not self.task.chooses:
            return self.task.labels
        offered = dict.fromkeys(choice for e in self.examples for choice in e.choices)
        return tuple(offered) or tuple(sorted({target for e in self.examples for target in e.targets}))

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics of the task: the primary one first, then what outputs get wrong."""
        if not self.labels and self.task.chooses:
            return ()
        found = metrics_for(self.task.metrics, self.labels)
        return tuple(sorted(found, key=lambda m: (m.name != self.task.primary, m.name not in FACTS.scores)))

    @property
    def primary(self) -> Metric | None:
        """The metric that strategies are ranked by."""
        return next((m for m in self.metrics if m.name == self.task.primary), None)

    @property
    def lower_is_better(self) -> bool:
        """Whether the smallest primary score wins."""
        return self.primary is not None and self.primary.direction == "lower"

    def predictions(self, cell: Cell) -> tuple[Prediction, ...]:
        """What the cell said, in the order of the test rows."""
        if cell.id not in self._predictions:
            self._predictions[cell.id] = self._run.predictions(cell.id)
        return self._predictions[cell.id]

    def cell_scores(self, cell: Cell) -> dict[str, Score]:
        """The scores of one cell."""
        return self.scores([cell])

    def scores(self, cells: Sequence[Cell]) -> dict[str, Score]:
        """The scores of one strategy over its seeds."""
        key = tuple(cell.id for cell in cells)
        if key not in self._scores:
            self._scores[key] = stack_scores(self.metrics, lambda metric: self.stack(metric, cells), self.groups)
        return self._scores[key]

    def compare(self, cells: Sequence[Cell], base: Sequence[Cell]) -> Comparison | None:
        """The primary score of `cells` minus that of `base`, on the same rows; None without a primary metric."""
        if self.primary is None:
            return None
        stacks = [self.stack(self.primary, side) for side in (base, cells)]
        return compare_scores(*stacks, metric=self.primary, groups=self.groups, margin=self.task.margin)

    def reductions(self, cells: Sequence[Cell], base: Sequence[Cell]) -> dict[str, Reduction]:
        """By what share `cells` have fewer errors than `base`, for each rate of errors, on the same rows."""
        rates = [m for m in self.metrics if is_error_rate(m)]
        found = {m.name: relative_reduction(self.stack(m, base), self.stack(m, cells), metric=m, groups=self.groups) for m in rates}
        return {name: reduction for name, reduction in found.items() if reduction is not None}

    def learning(self, cells: Mapping[int, Sequence[Cell]]) -> LearningCurve | None:
        """The primary score of one strategy over its training sizes, by size its cells; None without a primary metric."""
        if self.primary is None:
            return None
        stacks = {size: self.stack(self.primary, own) for size, own in cells.items()}
        scores = {size: self.scores(own)[self.primary.name] for size, own in cells.items()}
        return learning_curve(stacks, scores, metric=self.primary, groups=self.groups, margin=self.task.margin)

    def stacks(self, metric: Metric, sides: Sequence[Sequence[Cell]]) -> list[Array]:
        """`stack` of several strategies, all with the same d, also where one has no number at all."""
        found = [self.stack(metric, cells) for cells in sides]
        return equally_wide(found)

    def stack(self, metric: Metric, cells: Sequence[Cell]) -> Array:
        """The statistics of the cells, (examples, seeds, d). The primary score's are kept: scores, differences and curves need them."""
        if self.primary is None or metric.per_example is not self.primary.per_example:
            return self._stack(metric, cells)
        for cell in cells:
            if cell.id not in self._primary:
                self._primary[cell.id] = self._stack(metric, [cell])
        return np.concatenate(equally_wide([self._primary[cell.id] for cell in cells]), axis=1)

    def _stack(self, metric: Metric, cells: Sequence[Cell]) -> Array:
        """As the cells stored them, where the same metric made them; else counted from the outputs."""
        runs = [self.predictions(cell) for cell in cells]
        same = all(self._run.results[cell.id].signatures.get(metric.name) == metric.signature for cell in cells)
        found = stored_stack(metric, self.examples, runs) if same else None
        return statistic_stack(metric, self.examples, runs) if found is None else found


def is_error_rate(metric: Metric) -> bool:
    """Whether less of it is better, and none is possible."""
    return metric.direction == "lower" and metric.unit in ("fraction", "errors")


def equally_wide(stacks: Sequence[Array]) -> list[Array]:
    """All with the same d: statistics of a cell without any number have width 1, all of them NaN."""
    width = max((stack.shape[2] for stack in stacks), default=1)
    return [np.broadcast_to(s, (*s.shape[:2], width)) if s.shape[2] < width else s for s in stacks]


def of_single_examples(metrics: Sequence[Metric]) -> Metric | None:
    """What judges an example alone: the score that decides, where it does, else the accuracy of labels, else the first that does."""
    fitting = [m for m in metrics if m.level == "example" and m.direction != "none"]
    return next((m for m in fitting if m is metrics[0] or m.name == "accuracy"), fitting[0] if fitting else None)
