"""Where the time and the money of a run went: every cell of a strategy, those that failed on the way included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.reporting.charts.axes import x_axis
from harness.reporting.charts.svg import CHARACTER, Scale, element, figure, label
from harness.reporting.views.view import TaskView
from harness.reporting.wording import numbers
from harness.results import PHASES, StrategyCosts, StrategyResult
from harness.text import one_line, short
from harness.types import Phase

_NAME = 34  # characters
_MANY_LINES = 12


@dataclass(frozen=True)
class Spending:
    """Time, or money: what a phase took of it, in the unit of the axis, and how an amount reads."""

    name: str
    axis: str
    of: Callable[[StrategyCosts], Mapping[Phase, float]]
    text: Callable[[float], str]


def spendings_of(lines: Sequence[StrategyResult]) -> tuple[Spending, ...]:
    """Time, and money where every cell has a price."""
    spent = [ln.spent for ln in lines if ln.spent]
    found = [
        Spending(
            "Time", "minutes of wall clock, all seeds together", lambda c: _times(c.phases, c.cells / 60), lambda v: numbers.seconds(60 * v)
        )
    ]
    if spent and all(c.phase_prices for c in spent) and any(c.total_price for c in spent):
        currency = spent[0].currency
        money = Spending(
            "Money", f"{currency}, all seeds together", lambda c: _times(c.phase_prices, c.cells), lambda v: numbers.money(v, currency)
        )
        found.append(money)
    return tuple(found) if any(c.total_seconds > 0 for c in spent) else ()


def _times(amounts: Mapping[Phase, float], factor: float) -> dict[Phase, float]:
    return {phase: amount * factor for phase, amount in amounts.items()}


def phase_chart(task: TaskView, spending: Spending, name: str) -> Markup:
    """A stacked bar a strategy."""
    amounts = {ln: spending.of(ln.spent) for ln in task.lines if ln.spent and ln.spent.total_seconds > 0}
    totals = {ln: sum(by_phase.values()) for ln, by_phase in amounts.items()}
    names = max(CHARACTER * len(short(ln.label, _NAME)) for ln in amounts)
    width, left, right, top, row = 620.0, min(285.0, 1.1 * names + 14), 96.0, 34.0, 30.0 if len(amounts) <= _MANY_LINES else 22.0
    height = top + row * len(amounts) + 44
    scale = Scale(0.0, max(totals.values()) or 1.0, left, width - right)
    shown = [phase for phase in PHASES if any(by_phase.get(phase) for by_phase in amounts.values())]
    parts = [*_legend(shown, left, width), *x_axis(scale, height - 44, top - 4)]
    parts.append(label(width - right, height - 6, spending.axis, "axis-title", "end"))
    for i, (ln, by_phase) in enumerate(amounts.items()):
        y = top + row * i
        parts.append(label(left - 8, y + row / 2 + 2, short(ln.label, _NAME), "label", "end"))
        parts += _bar(ln, [(phase, by_phase.get(phase, 0.0)) for phase in shown], scale, (y + 3, row - 10), spending)
        parts.append(label(scale(totals[ln]) + 8, y + row / 2 + 2, spending.text(totals[ln]), "label number"))
    said = "; ".join(f"{ln.label}: {spending.text(total)}" for ln, total in totals.items())
    return figure(name, (width, height), parts, title=f"{spending.name} by phase on {task.name}", description=f"{spending.axis}. {said}.")


def _bar(
    ln: StrategyResult, amounts: Sequence[tuple[Phase, float]], scale: Scale, at: tuple[float, float], spending: Spending
) -> list[Markup]:
    """The pieces of a bar; `at` is where it begins from above, and how high it is."""
    parts, start = [], 0.0
    for phase, amount in amounts:
        if amount > 0:
            hover = element("title", f"{one_line(ln.label)}, {phase}: {spending.text(amount)}")
            wide = max(scale(start + amount) - scale(start), 0.5)
            parts.append(element("rect", hover, x=scale(start), y=at[0], width=wide, height=at[1], class_=f"bar {phase}"))
            start += amount
    return parts


def _legend(phases: Sequence[Phase], left: float, width: float) -> list[Markup]:
    """The names of the phases, above the bars where they fit there."""
    parts = []
    left = max(0.0, min(left, width - sum(17 + CHARACTER * len(phase) + 18 for phase in phases)))
    for phase in phases:
        parts.append(element("rect", x=left, y=4, width=12, height=12, class_=f"bar {phase}"))
        parts.append(label(left + 17, 15, phase))
        left += 17 + CHARACTER * len(phase) + 18
    return parts
