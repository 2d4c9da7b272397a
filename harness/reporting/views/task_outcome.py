"""The outcome of one task as plain values: scores, costs and comparisons by strategy, what to choose, and learning curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.reporting.views.sections import Advice, LearningCurves, build_advice, build_learning_curves
from harness.results import StrategyResult, TaskResults
from harness.statistics import Standing
from harness.types import Metric, Task


@dataclass(frozen=True)
class ScoreName:
    """A score of the task: which way is better, its unit, and the signature of the metric that computes it."""

    name: str
    direction: str
    unit: str
    signature: str


@dataclass(frozen=True)
class TaskOutcome:
    """What every form of the report shows about one task.

    Attributes:
        test_size: the number of test examples.
        strategies: the best primary score first, those without a score last.
        advice: None where there is nothing to choose between.
    """

    task: Task
    test_size: int
    primary: ScoreName
    scores: tuple[ScoreName, ...]
    strategies: tuple[StrategyResult, ...]
    advice: Advice | None
    learning: LearningCurves | None

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name

    @property
    def choice(self) -> str | None:
        """The label of the recommended strategy."""
        return self.advice.recommendation.choice if self.advice else None

    @property
    def standings(self) -> Mapping[str, Standing]:
        """Whether a strategy is within the margin of the best, worse, or undecided, by its label."""
        return {c.name: c.standing for c in self.advice.recommendation.candidates} if self.advice else {}

    @property
    def scored(self) -> tuple[StrategyResult, ...]:
        """The strategies whose primary score has a value."""
        return tuple(result for result in self.strategies if result.scored)

    @property
    def has_several_models(self) -> bool:
        """Whether strategies of several base models are compared; external outputs have none."""
        return len({result.model for result in self.strategies if not result.external}) > 1

    def unit_of(self, score: str) -> str:
        """The unit of a score of the task."""
        return next((name.unit for name in self.scores if name.name == score), "")


def build_task_outcome(results: TaskResults) -> TaskOutcome:
    """The outcome of one task."""
    names, primary = tuple(_score_name(metric) for metric in results.metrics), results.task.primary
    return TaskOutcome(
        task=results.task,
        test_size=len(results.examples),
        primary=next((name for name in names if name.name == primary), ScoreName(primary, "higher", "", "")),
        scores=names,
        strategies=results.strategies,
        advice=build_advice(results),
        learning=build_learning_curves(results),
    )


def _score_name(metric: Metric) -> ScoreName:
    return ScoreName(metric.name, metric.direction, metric.unit, metric.signature)
