"""Every strategy on every task: the table that stands before the tasks where there are several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.reporting.view import Line, Report, TaskView


@dataclass(frozen=True)
class OverviewRow:
    """One strategy. `lines` has each task with its line there, or None; `price` and `seconds` are those of training it once on every
    task, None where that is not known of one."""

    label: str
    lines: tuple[tuple[TaskView, Line | None], ...]
    price: float | None
    seconds: float | None


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


def _sum(amounts: Sequence[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if len(known) == len(amounts) else None
