"""One task in the HTML report: its outcome and all sections, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from harness.gate import Verdict, load_verdicts
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
from harness.review import Findings, compute_findings, list_retired_examples, load_reviews
from harness.types import DataReport, Task

_MOST_VERDICTS = 6


@dataclass(frozen=True)
class TaskView(TaskOutcome):
    """Everything that the HTML report shows about one task.

    Attributes:
        classes, calibration: of the best strategy, where answers are chosen among labels.
        examples: empty in a report without texts.
        shown: the strategies whose outputs are shown with the examples.
        reviews: the packets that have ratings.
        retired: how many test examples were given to training after this run.
        verdicts: the newest of each strategy under each policy, the newest first.
    """

    training: tuple[TrainingCurve, ...]
    classes: ClassReport | None
    calibration: Calibration | None
    pairs: StrategyPairs | None
    slices: tuple[SliceTable, ...]
    examples: tuple[ShownExample, ...]
    shown: tuple[StrategyResult, ...]
    lengths: tuple[TextLength, ...]
    reviews: tuple[Findings, ...]
    retired: int
    verdicts: tuple[Verdict, ...]
    data: DataReport
    data_digest: str


def build_task_view(run: RunResults, results: TaskResults, *, with_text: bool = True) -> TaskView:
    """One task's part of the report.

    Args:
        with_text: whether inputs, references and outputs are in it.
    """
    task, strategies = results.task, results.strategies
    shown = choose_strategies(strategies)
    best = next((result for result in strategies if result.primary), None) if results.labels and task.chooses else None
    reviews = [compute_findings(results, review) for review in load_reviews(run, task.name)]
    return TaskView(
        **vars(build_task_outcome(results)),
        training=tuple(curve for result in strategies for curve in list_training_curves(result)),
        classes=build_class_report(best) if best else None,
        calibration=build_calibration(best) if best else None,
        pairs=build_strategy_pairs(results, shown),
        slices=build_slice_tables(results, shown),
        examples=sample_examples(results, shown, seed=f"{run.plan.digest}/{task.name}") if with_text else (),
        shown=shown,
        lengths=measure_lengths(results.examples, {result.label: result.predictions(result.cell) for result in shown}),
        reviews=tuple(findings for findings in reviews if findings.rated_items),
        retired=len(list_retired_examples(run, task.name)),
        verdicts=_verdicts(run, task, with_text=with_text),
        data=run.plan.data[task.name],
        data_digest=run.plan.data_digests[task.name],
    )


def _verdicts(run: RunResults, task: Task, *, with_text: bool) -> tuple[Verdict, ...]:
    newest: dict[tuple[str, str], Verdict] = {}
    for verdict in reversed(load_verdicts(run.path)):
        if verdict.task == task.name:
            newest.setdefault((verdict.candidate.label, verdict.policy_digest), verdict)
    return tuple(verdict if with_text else verdict.without_text() for verdict in list(newest.values())[:_MOST_VERDICTS])
