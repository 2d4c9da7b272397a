"""One task in the HTML report: its outcome and all sections, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.data.privacy import TextGuard
from harness.reporting.views.sections import (
    Calibration,
    ClassReport,
    ShownExample,
    SliceTable,
    StrategyPairs,
    TextLength,
    TrainingCurve,
    build_calibration,
    build_class_report,
    build_slice_tables,
    build_strategy_pairs,
    choose_strategies,
    list_training_curves,
    measure_lengths,
    sample_examples,
)
from harness.reporting.views.task_outcome import TaskOutcome, build_task_outcome
from harness.results import RunResults, StrategyResult, TaskResults
from harness.review import list_retired_examples
from harness.types import DataReport

_MOST_VERDICTS = 6


@dataclass(frozen=True)
class TaskView(TaskOutcome):
    """Everything that the HTML report shows about one task.

    Attributes:
        classes, calibration: of the best strategy, where answers are chosen among labels.
        examples: empty in a report without texts.
        shown: the strategies whose outputs are shown with the examples.
        retired: how many test examples were given to training after this run.
    """

    training: tuple[TrainingCurve, ...]
    classes: ClassReport | None
    calibration: Calibration | None
    pairs: StrategyPairs | None
    slices: tuple[SliceTable, ...]
    examples: tuple[ShownExample, ...]
    shown: tuple[StrategyResult, ...]
    lengths: tuple[TextLength, ...]
    retired: int
    data: DataReport
    data_digest: str

    @property
    def erring_place(self) -> int | None:
        """The place, from 1, of the strategy whose critical errors `safety` counts among those that are shown; None where it is not."""
        labels = [result.label for result in self.shown]
        return labels.index(self.safety.about) + 1 if self.safety.erring and self.safety.about in labels else None


def build_task_view(
    run: RunResults, results: TaskResults, *, with_text: bool = True, volume: int | None = None, guard: TextGuard | None = None
) -> TaskView:
    """One task's part of the report.

    Args:
        with_text: whether inputs, references and outputs are in it.
        volume: outputs per month, for costs; by default those that the task declares.
        guard: inputs, references and outputs pass it.
    """
    task, strategies, outcome = results.task, results.strategies, build_task_outcome(results, volume=volume)
    shown = choose_strategies(strategies)
    best = next((result for result in strategies if result.primary), None) if results.labels and task.chooses else None
    verdicts = outcome.verdicts[:_MOST_VERDICTS]
    has_quotes = with_text and not (guard and guard.is_anonymizing)
    outcome = replace(outcome, verdicts=verdicts if has_quotes else tuple(verdict.without_text() for verdict in verdicts))
    return TaskView(
        **vars(outcome),
        training=tuple(curve for result in strategies for curve in list_training_curves(result)),
        classes=build_class_report(best) if best else None,
        calibration=build_calibration(best) if best else None,
        pairs=build_strategy_pairs(results, shown),
        slices=build_slice_tables(results, shown),
        examples=sample_examples(results, shown, seed=f"{run.plan.digest}/{task.name}", guard=guard) if with_text else (),
        shown=shown,
        lengths=measure_lengths(results.examples, {result.label: result.predictions(result.cell) for result in shown}),
        retired=len(list_retired_examples(run, task.name)),
        data=run.plan.data[task.name],
        data_digest=run.plan.data_digests[task.name],
    )
