"""Which outputs are acceptable: those without a critical error whose own scores are within every absolute limit of the task."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import example_metric
from harness.results.slices import select_examples
from harness.results.strategy_result import StrategyResult
from harness.results.task_scores import TaskScores
from harness.statistics import score_stacks
from harness.types import Metric, Rule, Score

CRITICAL_ERROR_SCORES = ("critical_error_rate", "critical_errors")  # the most important first

Array: TypeAlias = NDArray[np.float64]
_ACCEPTABLE = example_metric("acceptable", "higher", "fraction", lambda example, prediction: None, "no critical error, limits kept")


def list_acceptance_scores(scores: TaskScores) -> tuple[str, ...]:
    """The scores that decide whether an output is acceptable; empty where the task has none, so that nothing can be said about it."""
    return tuple(dict.fromkeys(metric.name for metric, _ in _conditions(scores)))


def acceptable_share(result: StrategyResult) -> Score | None:
    """The share of outputs that are acceptable, with its 95% interval; None where no score decides that, or no cell has a result.

    An output counts where at least one of the scores applies to it, and is acceptable if all that apply are within their limit. A limit
    for a part of the test examples applies to these alone. Scores of the whole test set say nothing about one output.
    """
    conditions = _conditions(result.task_scores)
    if not conditions or not result.done:
        return None
    verdicts = np.stack([is_met(result.stack(metric)) for metric, is_met in conditions])  # (conditions, examples, seeds, 1)
    applies = ~np.isnan(verdicts)
    acceptable = np.where(applies.any(axis=0), np.where(applies, verdicts, 1.0).min(axis=0), np.nan)
    return score_stacks([_ACCEPTABLE], lambda _: acceptable, result.task_scores.groups)[_ACCEPTABLE.name]


def _conditions(scores: TaskScores) -> list[tuple[Metric, Callable[[Array], Array]]]:
    """The conditions, each with the score that it is about: (examples, seeds, 1) → 1 met, 0 not, NaN where it does not apply."""
    metrics = {metric.name: metric for metric in scores.metrics if metric.level == "example"}
    critical: list[tuple[Metric, Callable[[Array], Array]]] = [
        (metrics[name], lambda stack: _verdicts(stack, stack <= 0)) for name in CRITICAL_ERROR_SCORES if name in metrics
    ]
    return critical + [
        (metrics[rule.score], _limit(rule, scores)) for rule in scores.task.guardrails if rule.score in metrics and not rule.compares
    ]


def _limit(rule: Rule, scores: TaskScores) -> Callable[[Array], Array]:
    positions = select_examples(rule, scores.examples)
    value = rule.value or 0.0

    def is_met(stack: Array) -> Array:
        verdicts = _verdicts(stack, stack >= value if rule.rule == "floor" else stack <= value)
        verdicts[np.setdiff1d(np.arange(len(stack)), positions)] = np.nan
        return verdicts

    return is_met


def _verdicts(stack: Array, met: NDArray[np.bool_]) -> Array:
    return np.where(np.isnan(stack), np.nan, met.astype(np.float64))
