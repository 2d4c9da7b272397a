"""What more training rows would bring: the strategies that were trained on several numbers of rows, and what their curves say.

The sentences keep apart what was measured, what is predicted, and what rests on the form of the curve alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.reporting.views.view import Learning, LearningLine
from harness.reporting.wording import numbers
from harness.results import StrategyResult, TaskResults
from harness.statistics import FAR_FACTOR, TARGET_SIZES, Forecast, GainOutlook, LearningCurve, Step
from harness.types import Metric


def learning_of(rows: TaskResults) -> Learning | None:
    """The curves of a task's strategies; None where none has scores at two sizes or more."""
    groups: dict[tuple[str, str], dict[int, StrategyResult]] = {}
    for ln in rows.scored:
        if ln.trained:
            groups.setdefault((ln.strategy, ln.model), {})[ln.train_size] = ln
    found = [made for by_size in groups.values() if len(by_size) > 1 and (made := _line(rows, dict(sorted(by_size.items()))))]
    if not found:
        return None
    references = tuple(ln for ln in rows.scored if not ln.trained)
    return Learning(tuple(found), references, _caveats([ln.curve for ln in found]))


def _line(rows: TaskResults, by_size: Mapping[int, StrategyResult]) -> LearningLine | None:
    curve = rows.learning_curve(by_size)
    if curve is None or rows.primary is None:
        return None
    first, *_ = by_size.values()
    label = first.run.plan.cell_label(first.cell, with_size=False)
    return LearningLine(label, first.model, tuple(by_size.values()), curve, sentences(curve, rows.primary))


def shown_forecasts(curve: LearningCurve) -> tuple[Forecast, ...]:
    """Those that a reader is told about: twice the largest size, and the numbers of rows that are asked about everywhere."""
    double = 2 * curve.points[-1][0]
    return tuple(f for f in curve.forecasts if f.size in (double, *TARGET_SIZES))


def sizes_of(learning: Learning) -> list[int]:
    """Every training size of a task, the smallest first."""
    return sorted({size for ln in learning.lines for size, _ in ln.curve.points})


def forecast_columns(learning: Learning) -> list[tuple[str, Callable[[LearningCurve], Forecast | None]]]:
    """The predictions of a table: a heading each, and which of a curve's forecasts stands below it."""

    def twice(curve: LearningCurve) -> Forecast | None:
        return next((f for f in curve.forecasts if f.size == 2 * curve.points[-1][0]), None)

    def at(size: int) -> Callable[[LearningCurve], Forecast | None]:
        return lambda curve: next((f for f in curve.forecasts if f.size == size), None)

    doubles = {f.size for ln in learning.lines if (f := twice(ln.curve))}
    heading = f"{doubles.copy().pop():,} rows" if len(doubles) == 1 else "twice the largest"
    columns = [(heading, twice), *((f"{size:,} rows", at(size)) for size in TARGET_SIZES if size not in doubles)]
    return [(name, find) for name, find in columns if any(find(ln.curve) for ln in learning.lines)]


def sentences(curve: LearningCurve, metric: Metric) -> tuple[str, ...]:
    """What the curve says about more rows, a sentence a claim."""
    measured = _measured(curve.last_step, metric)
    if curve.problem:
        return (f"What more rows would bring cannot be told: {curve.problem}.", measured)
    claims = [
        _claim(outlook, [f for f in shown_forecasts(curve) if f.outlook == outlook], curve, metric)
        for outlook in dict.fromkeys(f.outlook for f in shown_forecasts(curve))
    ]
    return (*claims, measured)


def _claim(outlook: GainOutlook, forecasts: Sequence[Forecast], curve: LearningCurve, metric: Metric) -> str:
    """What holds for these forecasts, which have the same outlook."""
    if outlook == "gain":
        by = f"lower {metric.name} by" if metric.direction == "lower" else "add"
        amounts = [f"{numbers.with_unit(numbers.score(f.step.gain, metric.unit), metric.unit)} {_range(f, metric)}" for f in forecasts]
        verb = "is" if _what(forecasts[0]).startswith("doubling") else "are"
        first = f"More data still helps: {_what(forecasts[0])} {verb} predicted to {by} {amounts[0]}"
        return ", ".join([first, *(f"{_what(f)} {amount}" for f, amount in zip(forecasts[1:], amounts[1:], strict=True))]) + "."
    found = [f"predicted {numbers.signed(f.step.gain, metric.unit)}, {_spread(f.step, metric)}{_far(f)}" for f in forecasts]
    cases = " or ".join(f"{_what(f)} ({said})" for f, said in zip(forecasts, found, strict=True))
    if outlook == "no gain":
        return f"No gain beyond the margin of {curve.margin:g} is expected from {cases}."
    return f"Whether {cases} would bring more than the margin of {curve.margin:g} cannot be told."


def _range(forecast: Forecast, metric: Metric) -> str:
    return f"({numbers.interval(forecast.step.low, forecast.step.high, metric.unit)}{_far(forecast)})"


def _what(forecast: Forecast) -> str:
    step = forecast.step
    return f"doubling from {step.start:,} to {step.end:,} rows" if step.end == 2 * step.start else f"{step.end:,} rows"


def _far(forecast: Forecast) -> str:
    return f"; an extrapolation beyond {FAR_FACTOR} times the largest size run" if forecast.is_far else ""


def _measured(step: Step, metric: Metric) -> str:
    gain = numbers.with_unit(numbers.signed(step.gain, metric.unit), metric.unit)
    better = " better" if metric.direction == "lower" else ""
    return f"Measured from {step.start:,} to {step.end:,} rows: {gain}{better} ({_spread(step, metric)})."


def _spread(step: Step, metric: Metric) -> str:
    return numbers.signed_interval(step.low, step.high, metric.unit) or "no interval"


def _caveats(curves: Sequence[LearningCurve]) -> tuple[str, ...]:
    """What limits the predictions, each in a sentence."""
    found = []
    if any(c.fit for c in curves):
        found.append(
            "Predictions suppose that scores go on along a − b·n^(−c) of n training rows, fitted to the sizes run, with more rows of the "
            "same kind. What was measured supposes nothing; its interval says how much other test rows could change it."
        )
    if any(c.min_seeds == 1 for c in curves):
        found.append(
            "A size that was trained once does not show how another training would come out. For predictions the scatter of the sizes "
            "about the curve stands in for that, and makes them wide; several seeds measure it."
        )
    if any(not c.reliable for c in curves):
        found.append("With so few test rows, or counts so rare, the intervals have low confidence.")
    return tuple(found)
