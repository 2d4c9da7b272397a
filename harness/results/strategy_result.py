"""One strategy on one task, over its seeds: the value that the report, comparisons, the gate and the Python interface read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.results.cascade_costs import compose_cascade
from harness.results.costs import StrategyCosts, strategy_costs
from harness.results.task_scores import TaskScores, is_error_rate
from harness.statistics import Comparison, Reduction, compare_scores, relative_reduction
from harness.store import StoredRun
from harness.types import (
    ArtifactSpec,
    CascadeMeasurement,
    Cell,
    CellNote,
    CellResult,
    Example,
    Metric,
    Prediction,
    Score,
    ServedMeasurement,
    ServingMeasurement,
    Strategy,
    Task,
)

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class CellProblem:
    """A cell without a result: its status, and the error that it reported (None where it reported none)."""

    seed: int | None
    status: str
    error: str | None


@dataclass(frozen=True, eq=False)
class StrategyResult:
    """One strategy of one base model, at one training size, on one task.

    Its cells differ in the seed alone. Scores, comparisons and costs are computed when they are first read, and kept.

    Attributes:
        task_scores: the test examples with the predictions and the scores of all cells of the task.
        cells: every planned cell, in the order of the plan.
        base: the untrained model to compare with; None for the base itself, and where the run has no single one with results.
    """

    run: StoredRun
    task_scores: TaskScores
    cells: tuple[Cell, ...]
    base: StrategyResult | None = None

    # -- identity

    @property
    def task(self) -> Task:
        return self.task_scores.task

    @property
    def strategy(self) -> str:
        """The strategy's name."""
        return self.cells[0].strategy

    @property
    def model(self) -> str:
        """The base model's name."""
        return self.cells[0].model

    @property
    def train_size(self) -> int:
        """The number of training examples; of a prompt strategy the number of examples in its prompt."""
        return self.cells[0].train_size

    @cached_property
    def definition(self) -> Strategy:
        """The strategy as this run declares it."""
        return self.run.plan.get_strategy(self.cells[0])

    @property
    def method(self) -> str:
        return self.definition.method

    @property
    def trained(self) -> bool:
        """Whether weights are trained."""
        return self.definition.train is not None

    @property
    def varies_by_seed(self) -> bool:
        """Whether another seed can change the result: of what is trained, and of prompts whose examples are drawn."""
        return not self.definition.deterministic or (self.method == "cascade" and self.cells[0].seed is not None)

    @property
    def external(self) -> bool:
        """Whether no model of this machine gave the outputs: they were read from a file, or a host was asked."""
        return self.definition.api is not None or self.definition.outputs is not None

    @property
    def is_file(self) -> bool:
        """Whether the outputs were read from a file, so that what they took is not known."""
        return self.definition.outputs is not None

    @property
    def hosted(self) -> bool:
        """Whether a host was asked."""
        return self.definition.api is not None

    @property
    def is_artifact(self) -> bool:
        """Whether its weights were trained by another program, on data that are not known."""
        return self.definition.artifact is not None

    @property
    def foreign_weights(self) -> ArtifactSpec | None:
        """The weights that it has, or from which its training started, that another program has trained."""
        return self.definition.artifact or self.definition.start_from

    @property
    def on_base_model(self) -> bool:
        """Whether it uses one of the base models of the run."""
        return self.run.plan.is_base_model(self.model)

    @property
    def paid_by_output(self) -> bool:
        """Whether the model is paid by the output: a host was asked, or the outputs of a file have a price."""
        return self.hosted or (self.external and self.costs is not None and self.costs.thousand_price is not None)

    @property
    def is_base(self) -> bool:
        """Whether this is the untrained model that others are compared with."""
        return self.strategy == "base"

    @cached_property
    def label(self) -> str:
        """The name in tables and charts: as short as the other strategies of the task allow."""
        return self.run.plan.cell_label(self.cells[0])

    # -- cells

    def restrict_to(self, cell: Cell) -> StrategyResult:
        """The same strategy with one of its cells alone: one trained model instead of all seeds."""
        return replace(self, cells=(cell,))

    @cached_property
    def done(self) -> tuple[Cell, ...]:
        """The cells with a result."""
        return tuple(cell for cell in self.cells if self.run.status(cell.id) == "done")

    @property
    def cell(self) -> Cell:
        """The first cell with a result; the first of all where none has one."""
        return self.done[0] if self.done else self.cells[0]

    @cached_property
    def trained_together(self) -> bool:
        """Whether a cell shared its training steps with other cells, so that its costs are not those of a training alone."""
        trainings = [self.run.results[cell.id].training for cell in self.done]
        return any(training is not None and training.trained_together > 1 for training in trainings)

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the cells with a result."""
        return tuple(cell.seed for cell in self.done if cell.seed is not None)

    @cached_property
    def statuses(self) -> tuple[str, ...]:
        """The status of each cell."""
        return tuple(self.run.status(cell.id) for cell in self.cells)

    @property
    def complete(self) -> bool:
        """Whether every planned cell has a result."""
        return len(self.done) == len(self.cells)

    @cached_property
    def problems(self) -> tuple[CellProblem, ...]:
        """The cells without a result."""
        results = self.run.results
        return tuple(
            CellProblem(cell.seed, status, results[cell.id].error if cell.id in results else self.run.folder.cell(cell.id).read_stop_note())
            for cell, status in zip(self.cells, self.statuses, strict=True)
            if status != "done"
        )

    @cached_property
    def notes(self) -> tuple[tuple[int | None, CellNote], ...]:
        """What the cells report beside their numbers, each with the cell's seed; the seed is None where there is a single cell."""
        several = len(self._ended) > 1
        return tuple((result.cell.seed if several else None, note) for result in self._ended for note in result.notes)

    # -- predictions and scores

    @property
    def examples(self) -> tuple[Example, ...]:
        """The test examples."""
        return self.task_scores.examples

    @cached_property
    def positions(self) -> dict[str, int]:
        """The position of each test example, by its id."""
        return {example.id: i for i, example in enumerate(self.examples)}

    def predictions(self, cell: Cell) -> tuple[Prediction, ...]:
        """The predictions of one of the cells, in the order of the test examples."""
        return self.task_scores.predictions(cell)

    def stack(self, metric: Metric) -> Array:
        """The statistics of a score, (examples, seeds, d)."""
        return self.task_scores.stack(metric, self.done)

    @cached_property
    def scores(self) -> dict[str, Score]:
        """Every score with its interval, by name; empty where no cell has a result."""
        return self.task_scores.scores(self.done) if self.done else {}

    @property
    def primary(self) -> Score | None:
        """The score that the task is decided by."""
        return self.scores.get(self.task.primary)

    @property
    def scored(self) -> bool:
        """Whether the primary score has a value."""
        return self.primary is not None and self.primary.value is not None

    @cached_property
    def versus_base(self) -> Comparison | None:
        """The primary score minus that of `base`, on the same examples; None where there is no difference to compute."""
        metric = self.task_scores.primary
        if self.base is None or metric is None or not self.done:
            return None
        stacks = self.task_scores.stacks(metric, [self.base.done, self.done])
        compared = compare_scores(*stacks, metric=metric, groups=self.task_scores.groups, margin=self.task.margin)
        return None if compared.difference is None else compared

    @cached_property
    def reductions(self) -> dict[str, Reduction]:
        """By which share errors are rarer than with `base`, for each error rate, on the same examples."""
        if self.base is None or not self.done:
            return {}
        reductions: dict[str, Reduction] = {}
        for metric in filter(is_error_rate, self.task_scores.metrics):
            reduction = relative_reduction(self.base.stack(metric), self.stack(metric), metric=metric, groups=self.task_scores.groups)
            if reduction is not None:
                reductions[metric.name] = reduction
        return reductions

    @cached_property
    def general_loss(self) -> tuple[float, float] | None:
        """The loss on general text before and after tuning, in nats per token, the mean over seeds; None where one was not measured."""
        losses = [result.general_loss for result in self._counted]
        known = [pair for pair in losses if pair is not None]
        if not known or len(known) < len(losses):
            return None
        before, after = (math.fsum(side) / len(known) for side in zip(*known, strict=True))
        return before, after

    # -- costs

    @property
    def _is_trained_here(self) -> bool:
        """Whether its training, if there was one, was part of this run."""
        return not (self.is_file or self.is_artifact)

    @cached_property
    def costs(self) -> StrategyCosts | None:
        """The costs of the cells with a result; of all that ended where none has one."""
        outputs = self.task_scores.test_size if self.done else 0
        return strategy_costs(self._in_use(self._counted), outputs=outputs, trained_here=self._is_trained_here, trials=self._trials)

    @cached_property
    def costs_by_cell(self) -> tuple[StrategyCosts, ...]:
        """The costs of each cell with a result, in the order of their seeds; a cell without any recorded cost is left out."""
        results = self._in_use([self.run.results[cell.id] for cell in self.done])
        each = (strategy_costs([result], outputs=self.task_scores.test_size, trained_here=self._is_trained_here) for result in results)
        return tuple(costs for costs in each if costs is not None)

    @cached_property
    def spent(self) -> StrategyCosts | None:
        """The costs of every cell that ended, failed ones included."""
        return strategy_costs(self._ended, trained_here=self._is_trained_here)

    @cached_property
    def serving(self) -> ServingMeasurement | None:
        """What the model of the first seed takes to answer in service; None where that was not measured."""
        return self.run.results[self.cell.id].serving if self.done else None

    @cached_property
    def served(self) -> ServedMeasurement | None:
        """What a server with the exported model answered; None where none was asked in this run."""
        return next((served for cell in self.done if (served := self.run.results[cell.id].served) is not None), None)

    @property
    def timed(self) -> bool:
        """Whether it ran here, so that its seconds are known."""
        return self.costs is not None and self.costs.timed

    @property
    def trainable_parameters(self) -> int:
        return max((result.trainable_parameters for result in self._counted), default=0)

    @property
    def total_parameters(self) -> int:
        return max((result.total_parameters for result in self._counted), default=0)

    @property
    def artifact_bytes(self) -> int:
        """The size of what is stored; the largest of the seeds."""
        return max((result.artifact_bytes for result in self._counted), default=0)

    @cached_property
    def cascade(self) -> CascadeMeasurement | None:
        """How the cascade of the first seed chose what it passes on; None for every other strategy."""
        return self.run.results[self.cell.id].cascade if self.done else None

    def _in_use(self, results: Sequence[CellResult]) -> list[CellResult]:
        """The results with the costs of using the strategy: a cascade uses two others, whose own cells have recorded theirs."""
        return [self._compose(result) if result.cascade is not None else result for result in results]

    def _compose(self, result: CellResult) -> CellResult:
        try:
            first, then = (self.run.results.get(cell.id) for cell in self.run.plan.find_cascade_parts(result.cell))
        except LookupError:  # a part of a run has the cascade alone
            first = then = None
        return result if first is None or then is None else compose_cascade(result, first, then)

    @cached_property
    def _trials(self) -> tuple[CellResult, ...]:
        """The results of the search of its values, which all its training sizes share."""
        names = (self.task.name, self.model, self.definition.first or self.strategy)  # of a cascade, its first strategy was searched
        own = [cell for cell in self.run.plan.trial_cells if (cell.task, cell.model, cell.strategy) == names]
        return tuple(self.run.trial_results[cell.id] for cell in own if cell.id in self.run.trial_results)

    @cached_property
    def _ended(self) -> tuple[CellResult, ...]:
        results = self.run.results
        return tuple(results[cell.id] for cell in self.cells if cell.id in results)

    @cached_property
    def _counted(self) -> tuple[CellResult, ...]:
        """The results that costs are the mean of."""
        return tuple(result for result in self._ended if result.status == "done") or self._ended
