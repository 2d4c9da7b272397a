"""Where the time and the money of a run went: all cells of a strategy, failed ones included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.reporting.charts.axes import x_axis
from harness.reporting.charts.svg import Scale, element, figure, label, text_width
from harness.reporting.views import TaskView
from harness.reporting.wording import chart_texts, headings, names, numbers
from harness.results import PHASES, StrategyCosts, StrategyResult
from harness.text import one_line, short
from harness.types import Phase

_NAME = 34  # characters
_MANY_BARS = 12


@dataclass(frozen=True)
class Spending:
    """Time or money: the amount of each phase in the unit of the axis, and how an amount is written."""

    name: str
    axis: str
    amounts: Callable[[StrategyCosts], Mapping[Phase, float]]
    text: Callable[[float], str]


def list_spending(strategies: Sequence[StrategyResult]) -> tuple[Spending, ...]:
    """Time, and money where every cell has a price."""
    spent = [result.spent for result in strategies if result.spent]
    if not any(costs.total_seconds > 0 for costs in spent):
        return ()
    time = Spending(chart_texts.TIME, chart_texts.MINUTES, lambda c: _times(c.phases, c.cells / 60), lambda v: numbers.seconds(60 * v))
    if not all(costs.phase_prices for costs in spent) or not any(costs.total_price for costs in spent):
        return (time,)
    currency = spent[0].currency
    money = Spending(
        chart_texts.MONEY,
        chart_texts.axis_spent(currency),
        lambda c: _times(c.phase_prices, c.cells),
        lambda v: numbers.money(v, currency),
    )
    return time, money


def _times(amounts: Mapping[Phase, float], factor: float) -> dict[Phase, float]:
    return {phase: amount * factor for phase, amount in amounts.items()}


def draw_phase_chart(task: TaskView, spending: Spending, name: str) -> Markup:
    """A stacked bar for each strategy."""
    amounts = {r: spending.amounts(r.spent) for r in task.strategies if r.spent and r.spent.total_seconds > 0}
    totals = {result: sum(by_phase.values()) for result, by_phase in amounts.items()}
    name_width = max(text_width(short(names.strategy_name(result.label), _NAME)) for result in amounts)
    width, left, right, top, row = 560.0, min(285.0, 1.1 * name_width + 14), 96.0, 34.0, 30.0 if len(amounts) <= _MANY_BARS else 22.0
    height = top + row * len(amounts) + 44
    scale = Scale(0.0, max(totals.values()) or 1.0, left, width - right)
    shown = [phase for phase in PHASES if any(by_phase.get(phase) for by_phase in amounts.values())]
    parts = [*_legend(shown, left, width), *x_axis(scale, height - 44, top - 4)]
    parts.append(label(width - right, height - 6, spending.axis, "axis-title", "end"))
    for i, (result, by_phase) in enumerate(amounts.items()):
        y = top + row * i
        parts.append(label(left - 8, y + row / 2 + 2, short(names.strategy_name(result.label), _NAME), "label", "end"))
        parts += _bar(result, [(phase, by_phase.get(phase, 0.0)) for phase in shown], scale, (y + 3, row - 10), spending)
        parts.append(label(scale(totals[result]) + 8, y + row / 2 + 2, spending.text(totals[result]), "label number"))
    described = "; ".join(f"{names.strategy_name(result.label)}: {spending.text(total)}" for result, total in totals.items())
    title = chart_texts.title_spent_chart(spending.name, task.name)
    return figure(name, (width, height), parts, title=title, description=f"{spending.axis}. {described}.")


def _bar(
    result: StrategyResult, amounts: Sequence[tuple[Phase, float]], scale: Scale, at: tuple[float, float], spending: Spending
) -> list[Markup]:
    """The parts of a bar; `at` is its top and its height."""
    parts, start = [], 0.0
    for phase, amount in amounts:
        if amount > 0:
            hover = element(
                "title", f"{one_line(names.strategy_name(result.label))}, {headings.PHASE_NAMES[phase]}: {spending.text(amount)}"
            )
            wide = max(scale(start + amount) - scale(start), 0.5)
            parts.append(element("rect", hover, x=scale(start), y=at[0], width=wide, height=at[1], class_=f"bar {phase}"))
            start += amount
    return parts


def _legend(phases: Sequence[Phase], left: float, width: float) -> list[Markup]:
    """The names of the phases, above the bars where they fit there."""
    parts = []
    left = max(0.0, min(left, width - sum(17 + text_width(headings.PHASE_NAMES[phase]) + 18 for phase in phases)))
    for phase in phases:
        parts.append(element("rect", x=left, y=4, width=12, height=12, class_=f"bar {phase}"))
        parts.append(label(left + 17, 15, headings.PHASE_NAMES[phase]))
        left += 17 + text_width(headings.PHASE_NAMES[phase]) + 18
    return parts
