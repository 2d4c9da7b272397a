"""Every automatic score of single examples that ratings can be compared and joined with: the task's metrics, and the verdicts of judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.judging import JudgeScores, load_judge_scores
from harness.results import TaskScores
from harness.review.packets import list_example_metrics
from harness.types import Cell, Metric

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class AutomaticScore:
    """A score of outputs. More is always better; NaN where an output has none.

    Attributes:
        name: of the metric, or "judge:" and the name of the judge.
        load_outputs: the scores of a strategy's outputs for all test examples, (N,).
        load_differences: by how much the outputs of a strategy are better than those of another, (N,).
    """

    name: str
    load_outputs: Callable[[str], Array]
    load_differences: Callable[[str, str], Array]


def list_automatic_scores(results: TaskScores, cells: Mapping[str, Cell]) -> tuple[AutomaticScore, ...]:
    """The scores of these cells, by strategy: those of metrics first. Judges that have judged none of them are left out.

    Raises:
        BenchError: a file of a judge is missing or damaged.
    """
    judged = [scores for scores in load_judge_scores(results) if _list_judged(scores, cells)]
    return (
        *(read_metric(results, metric, cells) for metric in list_example_metrics(results)),
        *(read_judge_scores(scores, cells) for scores in judged),
    )


def has_automatic_scores(results: TaskScores) -> bool:
    """Whether the task has a score that could help with ratings."""
    return bool(list_example_metrics(results) or load_judge_scores(results))


def read_metric(results: TaskScores, metric: Metric, cells: Mapping[str, Cell]) -> AutomaticScore:
    """A metric of single examples as such a score."""
    sign = -1.0 if metric.direction == "lower" else 1.0

    def load(strategy: str) -> Array:
        return sign * results.stack(metric, [cells[strategy]])[:, 0, 0]

    return AutomaticScore(metric.name, load, lambda strategy, against: load(strategy) - load(against))


def read_judge_scores(scores: JudgeScores, cells: Mapping[str, Cell]) -> AutomaticScore:
    """The verdicts of a judge as such a score; on outputs of other cells than these, it has none."""
    judged, nothing = _list_judged(scores, cells), np.full(scores.examples, np.nan)

    def load(strategy: str) -> Array:
        return scores.outputs(strategy) if strategy in judged else nothing

    def compare(strategy: str, against: str) -> Array:
        return scores.differences(strategy, against) if {strategy, against} <= judged else nothing

    return AutomaticScore(scores.name, load, compare)


def _list_judged(scores: JudgeScores, cells: Mapping[str, Cell]) -> set[str]:
    return {name for name, cell in cells.items() if scores.record.cells.get(name) == cell.id}
