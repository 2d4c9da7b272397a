"""The test examples of a task, with the predictions and the scores of its cells. Every score in a report is computed here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.errors import BenchError
from harness.metrics import FACTS, metrics_for
from harness.statistics import score_of_total, score_stacks, stack_stored_scores, statistic_stack
from harness.store import StoredRun
from harness.types import Cell, Example, Metric, Prediction, Score, ScoreTotal, Task

Array: TypeAlias = NDArray[np.float64]


class TaskScores:
    """One task of a run. Examples, predictions and scores are read when they are first needed, and kept."""

    def __init__(self, run: StoredRun, task: Task) -> None:
        self.run = run
        self.task = task
        self._predictions: dict[str, tuple[Prediction, ...]] = {}
        self._primary: dict[str, Array] = {}
        self._scores: dict[tuple[str, ...], dict[str, Score]] = {}

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The test examples; none where the run was stopped before they were stored.

        Raises:
            BenchError: there are results, but the examples that they belong to are missing or damaged.
        """
        try:
            return self.run.examples(self.task.name)
        except BenchError:
            if any(cell.task == self.task.name and self.run.status(cell.id) == "done" for cell in self.run.cells):
                raise
            return ()

    @cached_property
    def has_totals(self) -> bool:
        """Whether only totals were imported: there are scores, but no examples and no predictions, so that nothing can be paired."""
        return bool(self._totals)

    @cached_property
    def test_size(self) -> int:
        """The test examples; where only totals are known, those of the largest."""
        return max(total.n for total in self._totals) if self._totals else len(self.examples)

    @cached_property
    def _totals(self) -> tuple[ScoreTotal, ...]:
        """All totals that were imported."""
        results = [self.run.results[cell.id] for cell in self.run.cells if cell.task == self.task.name and cell.id in self.run.results]
        return tuple(total for result in results for total in result.totals.values())

    @cached_property
    def groups(self) -> tuple[str | None, ...]:
        """The group of each test example."""
        return tuple(example.group for example in self.examples)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels to choose from: as the task declares them, else as the examples offer them, else the distinct references."""
        if self.task.labels or not self.task.chooses:
            return self.task.labels
        offered = dict.fromkeys(choice for example in self.examples for choice in example.choices)
        return tuple(offered) or tuple(sorted({target for example in self.examples for target in example.targets}))

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics of the task: the primary one first, then those that count wrong facts."""
        if not self.labels and self.task.chooses:
            return ()
        metrics = metrics_for(
            self.task.metrics, self.labels, scorer=self.task.faithfulness.fingerprint or "", stored=self.run.plan.plugin_scores
        )
        return tuple(sorted(metrics, key=lambda m: (m.name != self.task.primary, m.name not in FACTS.scores)))

    @property
    def primary(self) -> Metric | None:
        """The metric that strategies are ranked by."""
        return next((metric for metric in self.metrics if metric.name == self.task.primary), None)

    @property
    def lower_is_better(self) -> bool:
        """Whether the smallest primary score is the best."""
        return self.primary is not None and self.primary.direction == "lower"

    def predictions(self, cell: Cell) -> tuple[Prediction, ...]:
        """The predictions of a cell, in the order of the test examples."""
        if cell.id not in self._predictions:
            self._predictions[cell.id] = self.run.predictions(cell.id)
        return self._predictions[cell.id]

    def scores(self, cells: Sequence[Cell]) -> dict[str, Score]:
        """The scores of one strategy over the seeds of these cells."""
        key = tuple(cell.id for cell in cells)
        if key not in self._scores:
            if self.has_totals:
                totals = self.run.results[cells[0].id].totals
                self._scores[key] = {m.name: score_of_total(totals[m.name]) for m in self.metrics if m.name in totals}
            else:
                self._scores[key] = score_stacks(self.metrics, lambda metric: self.stack(metric, cells), self.groups)
        return self._scores[key]

    def stack(self, metric: Metric, cells: Sequence[Cell]) -> Array:
        """The statistics of these cells, (examples, seeds, d).

        Those of the primary score are kept: its value, its differences and its learning curve all need them.
        """
        if self.primary is None or metric.per_example is not self.primary.per_example:
            return self._stack(metric, cells)
        for cell in cells:
            if cell.id not in self._primary:
                self._primary[cell.id] = self._stack(metric, [cell])
        return np.concatenate(equally_wide([self._primary[cell.id] for cell in cells]), axis=1)

    def stacks(self, metric: Metric, strategies: Sequence[Sequence[Cell]]) -> list[Array]:
        """`stack` of the cells of several strategies, all with the same d, also where one has no number at all."""
        return equally_wide([self.stack(metric, cells) for cells in strategies])

    def _stack(self, metric: Metric, cells: Sequence[Cell]) -> Array:
        """As stored with the predictions, where the same metric computed it; else computed from the outputs. Totals have no rows."""
        if self.has_totals:
            return np.empty((0, len(cells), 1))
        predictions = [self.predictions(cell) for cell in cells]
        if all(self.run.results[cell.id].signatures.get(metric.name) == metric.signature for cell in cells):
            stored = stack_stored_scores(metric, self.examples, predictions)
            if stored is not None:
                return stored
        return statistic_stack(metric, self.examples, predictions)


def is_error_rate(metric: Metric) -> bool:
    """Whether less of it is better, and none is possible."""
    return metric.direction == "lower" and metric.unit in ("fraction", "errors")


def equally_wide(stacks: Sequence[Array]) -> list[Array]:
    """All with the same d: the statistics of a cell without any number have width 1, all of them NaN."""
    width = max((stack.shape[2] for stack in stacks), default=1)
    return [np.broadcast_to(s, (*s.shape[:2], width)) if s.shape[2] < width else s for s in stacks]


def example_metric_of(metrics: Sequence[Metric]) -> Metric | None:
    """The metric that judges single examples: the primary one where it does, else the accuracy of labels, else the first that does.

    Args:
        metrics: the primary one first.
    """
    fitting = [m for m in metrics if m.level == "example" and m.direction != "none"]
    return next((m for m in fitting if m is metrics[0] or m.name == "accuracy"), fitting[0] if fitting else None)
