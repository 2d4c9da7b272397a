"""Every strategy on every task: the table and the picture that stand before the tasks where there are several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.reporting.charts.cost_chart import Measure, Point, measures_of_costs, points_chart
from harness.reporting.views.view import Report, TaskView
from harness.reporting.wording import numbers
from harness.results import StrategyCosts, StrategyResult, costs_over_tasks, sum_of_known
from harness.statistics import mean_of_independent

GAIN = "gain over base, in margins"


@dataclass(frozen=True)
class OverviewRow:
    """One strategy. `lines` has each task with its line there, or None; `price` and `seconds` are those of training it once on every
    task, None where that is not known of one."""

    label: str
    lines: tuple[tuple[TaskView, StrategyResult | None], ...]
    price: float | None
    seconds: float | None


@dataclass(frozen=True)
class Overall:
    """One strategy over all tasks. `gain` is its difference to base in margins (Δ) of each task, turned so that more is better, the mean
    over tasks, with its 95 % interval; `costs` are those of all tasks together."""

    label: str
    gain: float
    low: float | None
    high: float | None
    costs: StrategyCosts
    is_base: bool


def rows_of(report: Report) -> tuple[OverviewRow, ...]:
    """The strategies of all tasks, in the order in which they first appear."""
    labels = dict.fromkeys(ln.label for task in report.tasks for ln in task.lines)
    return tuple(_row(label, report.tasks) for label in labels)


def _row(label: str, tasks: Sequence[TaskView]) -> OverviewRow:
    lines = tuple((task, next((ln for ln in task.lines if ln.label == label), None)) for task in tasks)
    costs = [ln.costs if ln and ln.timed and ln.done else None for _, ln in lines]
    prices = [c.training_price if c else None for c in costs]
    seconds = [c.training_seconds if c else None for c in costs]
    return OverviewRow(label, lines, sum_of_known(prices), sum_of_known(seconds))


def overall_of(report: Report) -> tuple[Overall, ...]:
    """The strategies that have a score on every task, and base with them; none where several models have a base each, or no base has
    a score: gains over different bases are no common scale."""
    if len({ln.model for task in report.tasks for ln in task.lines if ln.is_base}) != 1:
        return ()
    found = [one for row in rows_of(report) if (one := _overall(row)) is not None]
    return tuple(found) if any(one.is_base for one in found) and len(found) > 1 else ()


def _overall(row: OverviewRow) -> Overall | None:
    lines = [ln for _, ln in row.lines if ln is not None and ln.costs is not None and ln.primary is not None]
    if len(lines) < len(row.lines) or any(ln.versus_base is None and not ln.is_base for ln in lines):
        return None
    costs = costs_over_tasks([ln.costs for ln in lines if ln.costs])
    if all(ln.is_base for ln in lines):
        return Overall(row.label, 0.0, None, None, costs, is_base=True)
    gains = [_in_margins(task, ln) for task, ln in row.lines if ln is not None]
    lows, highs = [low for _, low, _ in gains if low is not None], [high for _, _, high in gains if high is not None]
    values = [value for value, _, _ in gains]
    if len(lows) < len(gains) or len(highs) < len(gains):
        return Overall(row.label, math.fsum(values) / len(values), None, None, costs, is_base=False)
    return Overall(row.label, *mean_of_independent(values, lows, highs), costs, is_base=False)


def _in_margins(task: TaskView, ln: StrategyResult) -> tuple[float, float | None, float | None]:
    """The difference to base and its limits in margins, turned so that more is better."""
    assert ln.versus_base is not None and ln.versus_base.difference is not None  # the caller has checked
    sign = -1.0 if task.primary.direction == "lower" else 1.0
    ends = (ln.versus_base.low, ln.versus_base.high)
    low, high = (None if end is None else sign * end / task.margin for end in (ends if sign > 0 else ends[::-1]))
    return sign * ln.versus_base.difference / task.margin, low, high


def measures_of_overall(found: Sequence[Overall]) -> tuple[Measure, ...]:
    """The measures of cost by which the strategies can be told apart."""
    return measures_of_costs([one.costs for one in found])


def overall_chart(found: Sequence[Overall], measure: Measure, name: str) -> Markup:
    """A measure of cost over all tasks against the gain over base."""
    points = [_point(one, x) for one in found if (x := measure.of(one.costs)) is not None]
    return points_chart(points, measure, (GAIN, "higher"), name, f"{measure.name} against the {GAIN}, over all tasks")


def _point(one: Overall, x: float) -> Point:
    interval = (
        "" if one.low is None or one.high is None else f" ({numbers.signed(one.low, 'margins')} to {numbers.signed(one.high, 'margins')})"
    )
    text = f"{numbers.signed(one.gain, 'margins')} Δ{interval}"
    return Point(one.label, x, one.gain, one.low, one.high, text, one.is_base, chosen=False)
