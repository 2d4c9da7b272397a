"""Every strategy on every task: the table and the picture that stand before the tasks where there are several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.reporting.charts.cost_chart import Measure, Point, measures_of_costs, points_chart
from harness.reporting.views.view import Costs, Line, Report, TaskView
from harness.reporting.wording import numbers
from harness.statistics import mean_of_independent

GAIN = "gain over base, in margins"


@dataclass(frozen=True)
class OverviewRow:
    """One strategy. `lines` has each task with its line there, or None; `price` and `seconds` are those of training it once on every
    task, None where that is not known of one."""

    label: str
    lines: tuple[tuple[TaskView, Line | None], ...]
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
    costs: Costs
    is_base: bool


def rows_of(report: Report) -> tuple[OverviewRow, ...]:
    """The strategies of all tasks, in the order in which they first appear."""
    labels = dict.fromkeys(ln.label for task in report.tasks for ln in task.lines)
    return tuple(_row(label, report.tasks) for label in labels)


def _row(label: str, tasks: Sequence[TaskView]) -> OverviewRow:
    lines = tuple((task, next((ln for ln in task.lines if ln.label == label), None)) for task in tasks)
    costs = [ln.costs if ln and ln.clocked and ln.done else None for _, ln in lines]
    prices = [c.training_price if c else None for c in costs]
    seconds = [c.training_seconds if c else None for c in costs]
    return OverviewRow(label, lines, _sum(prices), _sum(seconds))


def overall_of(report: Report) -> tuple[Overall, ...]:
    """The strategies that have a score on every task, and base with them; none where several models have a base each, or no base has
    a score: gains over different bases are no common scale."""
    if len({ln.model for task in report.tasks for ln in task.lines if ln.is_base}) != 1:
        return ()
    found = [one for row in rows_of(report) if (one := _overall(row)) is not None]
    return tuple(found) if any(one.is_base for one in found) and len(found) > 1 else ()


def _overall(row: OverviewRow) -> Overall | None:
    lines = [ln for _, ln in row.lines if ln is not None and ln.costs is not None and ln.primary is not None]
    if len(lines) < len(row.lines) or any(ln.difference is None and not ln.is_base for ln in lines):
        return None
    costs = _together([ln.costs for ln in lines if ln.costs])
    if all(ln.is_base for ln in lines):
        return Overall(row.label, 0.0, None, None, costs, is_base=True)
    gains = [_in_margins(task, ln) for task, ln in row.lines if ln is not None]
    lows, highs = [low for _, low, _ in gains if low is not None], [high for _, _, high in gains if high is not None]
    values = [value for value, _, _ in gains]
    if len(lows) < len(gains) or len(highs) < len(gains):
        return Overall(row.label, math.fsum(values) / len(values), None, None, costs, is_base=False)
    return Overall(row.label, *mean_of_independent(values, lows, highs), costs, is_base=False)


def _in_margins(task: TaskView, ln: Line) -> tuple[float, float | None, float | None]:
    """The difference to base and its limits in margins, turned so that more is better."""
    assert ln.difference is not None  # whoever calls has looked
    sign = -1.0 if task.primary.direction == "lower" else 1.0
    ends = (ln.difference.low, ln.difference.high)
    low, high = (None if end is None else sign * end / task.margin for end in (ends if sign > 0 else ends[::-1]))
    return sign * ln.difference.value / task.margin, low, high


def _together(costs: Sequence[Costs]) -> Costs:
    """Training on every task once; an answer and a thousand of them are the means over tasks, memory the largest."""
    phases = dict.fromkeys(phase for c in costs for phase in c.phases)
    return Costs(
        phases={phase: math.fsum(c.phases.get(phase, 0.0) for c in costs) for phase in phases},
        training_seconds=math.fsum(c.training_seconds for c in costs),
        training_price=_sum([c.training_price for c in costs]),
        total_seconds=math.fsum(c.total_seconds for c in costs),
        total_price=_sum([c.total_price for c in costs]),
        currency=costs[0].currency,
        tokens_per_second=None,
        peak_allocated=_most([c.peak_allocated for c in costs]),
        peak_reserved=_most([c.peak_reserved for c in costs]),
        cells=sum(c.cells for c in costs),
        phase_prices={},
        answer_seconds=_mean([c.answer_seconds for c in costs]),
        thousand_price=_mean([c.thousand_price for c in costs]),
    )


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


def _sum(amounts: Sequence[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return math.fsum(known) if len(known) == len(amounts) else None


def _mean(amounts: Sequence[float | None]) -> float | None:
    total = _sum(amounts)
    return None if total is None else total / len(amounts)


def _most(amounts: Sequence[int | None]) -> int | None:
    return max((amount for amount in amounts if amount is not None), default=None)
