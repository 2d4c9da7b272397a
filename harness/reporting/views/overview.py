"""Every strategy on every task, and over all tasks together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.reporting.views.task_outcome import TaskOutcome
from harness.results import StrategyCosts, StrategyResult, costs_over_tasks, sum_of_known
from harness.statistics import mean_of_independent


@dataclass(frozen=True)
class OverviewRow:
    """One strategy on all tasks.

    Attributes:
        results: each task with the strategy's result there, or None.
        price, seconds: of training it once on every task; None where that is not known of one.
    """

    label: str
    results: tuple[tuple[TaskOutcome, StrategyResult | None], ...]
    price: float | None
    seconds: float | None


@dataclass(frozen=True)
class OverallGain:
    """One strategy over all tasks.

    Attributes:
        result: the strategy on the first task.
        gain: its difference to the base in margins (Δ) of each task, turned so that more is better, the mean over tasks, with its 95%
            interval.
        costs: those of all tasks together.
    """

    result: StrategyResult
    gain: float
    low: float | None
    high: float | None
    costs: StrategyCosts

    @property
    def label(self) -> str:
        """The strategy's name in tables and charts."""
        return self.result.label

    @property
    def is_base(self) -> bool:
        """Whether this is the untuned model, whose gain is 0."""
        return self.result.is_base


def build_overview_rows(tasks: Sequence[TaskOutcome]) -> tuple[OverviewRow, ...]:
    """The strategies of all tasks, in the order in which they first appear."""
    labels = dict.fromkeys(result.label for task in tasks for result in task.strategies)
    return tuple(_row(label, tasks) for label in labels)


def compute_overall_gains(tasks: Sequence[TaskOutcome]) -> tuple[OverallGain, ...]:
    """The strategies that have a score on every task, and the base with them.

    None where several models have a base each, or no base has a score: gains over different bases have no common scale.
    """
    if len({result.model for task in tasks for result in task.strategies if result.is_base}) != 1:
        return ()
    gains = [gain for row in build_overview_rows(tasks) if (gain := _overall(row)) is not None]
    return tuple(gains) if any(gain.is_base for gain in gains) and len(gains) > 1 else ()


def _row(label: str, tasks: Sequence[TaskOutcome]) -> OverviewRow:
    results = tuple((task, next((r for r in task.strategies if r.label == label), None)) for task in tasks)
    costs = [result.costs if result and result.timed and result.done else None for _, result in results]
    prices = [each.training_price if each else None for each in costs]
    seconds = [each.training_seconds if each else None for each in costs]
    return OverviewRow(label, results, sum_of_known(prices), sum_of_known(seconds))


def _overall(row: OverviewRow) -> OverallGain | None:
    results = [result for _, result in row.results if result is not None and result.costs is not None and result.primary is not None]
    if len(results) < len(row.results) or any(result.versus_base is None and not result.is_base for result in results):
        return None
    costs = costs_over_tasks([result.costs for result in results if result.costs])
    if all(result.is_base for result in results):
        return OverallGain(results[0], 0.0, None, None, costs)
    gains = [_in_margins(task, result) for task, result in row.results if result is not None]
    lows, highs = [low for _, low, _ in gains if low is not None], [high for _, _, high in gains if high is not None]
    values = [value for value, _, _ in gains]
    if len(lows) < len(gains) or len(highs) < len(gains):
        return OverallGain(results[0], math.fsum(values) / len(values), None, None, costs)
    return OverallGain(results[0], *mean_of_independent(values, lows, highs), costs)


def _in_margins(view: TaskOutcome, result: StrategyResult) -> tuple[float, float | None, float | None]:
    """The difference to the base and its limits in margins, turned so that more is better."""
    difference, margin = result.versus_base, view.task.margin
    assert difference is not None and difference.difference is not None  # the caller has checked
    sign = -1.0 if view.primary.direction == "lower" else 1.0
    ends = (difference.low, difference.high)
    low, high = (None if end is None else sign * end / margin for end in (ends if sign > 0 else ends[::-1]))
    return sign * difference.difference / margin, low, high
