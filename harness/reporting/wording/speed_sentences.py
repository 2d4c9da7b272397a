"""How fast models answer and what that costs: one at a time, and in batches."""

from __future__ import annotations

from harness.reporting.views import TaskOutcome
from harness.reporting.views.sections import ServingSpeeds, SpeedRow
from harness.reporting.wording import numbers
from harness.reporting.wording.headings import LOW_CONFIDENCE_MARK
from harness.reporting.wording.names import list_names, strategy_in_sentence, strategy_name
from harness.reporting.wording.text_table import TextTable
from harness.results import ServingCosts, TimeQuantile, compute_serving_costs
from harness.types import BatchEnd, ServingMeasurement

TITLE = "Speed and cost of an answer"
COLUMNS = (
    "Strategy", "Median time", "95th percentile", "1,000 alone", "Best batch", "1,000 in batches", "First token", "Tokens/s",
    "Answers/s in batches", "Tokens/s in batches", "Answers timed",
)  # fmt: skip
_MORE: dict[BatchEnd, str] = {"time": "or more", "memory": "", "no_faster": "", "largest": "or more"}


def build_speed_table(speeds: ServingSpeeds) -> TextTable:
    """The speed of each model, for every form of the report."""
    columns = [i for i in range(len(COLUMNS)) if i not in _hidden(speeds)]
    rows = tuple(_cells(row) for row in speeds.rows)
    return TextTable(
        TITLE,
        tuple(COLUMNS[i] for i in columns),
        tuple(i > 0 for i in columns),
        tuple(tuple(row[i] for i in columns) for row in rows),
        under=" ".join(describe_speeds(speeds)),
    )


def describe_speeds(speeds: ServingSpeeds) -> list[str]:
    """How the times were measured, and what they do not show."""
    costs = [row.costs for row in speeds.rows]
    where = f" on {speeds.device}" if speeds.device else ""
    price = f", at {numbers.money(speeds.per_hour, speeds.currency)} an hour" if speeds.per_hour is not None else ""
    sentences = []
    if costs:
        sentences.append(
            f"Timed{where}{price}, after the run, one model at a time, on test inputs: alone first, then batches of 2, 4, 8, … until they "
            "were no faster or the time was used up. Each batch was timed once. Brackets hold the 95% CI of the median."
        )
    if any(not each.percentile_95.interval.reliable or not each.median.interval.reliable for each in costs):
        sentences.append(
            f"{LOW_CONFIDENCE_MARK} Low confidence: too few answers were timed. A median needs 6, a 95th percentile 72. "
            "To time more answers, add --serving-seconds 120."
        )
    disturbed = [_in_sentence(row) for row in speeds.rows if row.costs.was_disturbed]
    if disturbed:
        share = max(row.costs.waited for row in speeds.rows)
        sentences.append(
            f"Other programs used the processor while {list_names(disturbed)} {'was' if len(disturbed) == 1 else 'were'} timed (up to "
            f"{numbers.share(share)} of the time): on a quiet machine, answers take less time."
        )
    return [*sentences, *(f"{strategy_name(label)}: {_sentence(problem)}" for label, problem in speeds.problems)]


def describe_monthly_assumption(task: TaskOutcome) -> str:
    """What an answer costs alone, beside the batches that the cost of a month assumes; empty where that was not measured."""
    rows = [row for row in task.speeds.rows if row.costs.form == "stored"] if task.speeds is not None else []
    alone = [f"{row.times_run_price:.2g} times as much with {_in_sentence(row)}" for row in rows if row.times_run_price is not None]
    return f"One at a time, an output costs {list_names(alone)}." if alone else ""


def describe_measured_speed(measured: ServingMeasurement | None) -> str:
    """A line about one model, when it was measured."""
    if measured is None:
        return "its speed was not measured: the process ended"
    costs = compute_serving_costs(measured)
    parts = [_describe_form(each) for each in costs]
    problem = [measured.problem] if measured.problem else []
    return "; ".join([*parts, *problem])


def _describe_form(costs: ServingCosts) -> str:
    form = " with its adapter merged" if costs.form == "merged" else ""
    has_batch = costs.best_batch is not None and costs.best_batch > 1
    batch = f", {costs.best_per_second:.3g} a second in batches of {costs.best_batch}" if has_batch else ""
    return f"an answer{form} takes {numbers.latency(costs.median.seconds)} (median of {costs.answers}){batch}"


def _hidden(speeds: ServingSpeeds) -> set[int]:
    """The columns that have nothing to show: tokens of answers that are chosen, prices of a device without one."""
    hidden: set[int] = set()
    if all(row.costs.first_token is None for row in speeds.rows):
        hidden |= {6, 7, 9}
    if speeds.per_hour is None:
        hidden |= {3, 5}
    return hidden


def _cells(row: SpeedRow) -> tuple[str, ...]:
    costs = row.costs
    return (
        _name(row),
        _quantile(costs.median, with_interval=True),
        _quantile(costs.percentile_95, with_interval=False),
        numbers.money(costs.alone_thousand_price, costs.currency),
        numbers.NOTHING if costs.best_batch is None else f"{costs.best_batch} {_MORE[costs.ended]}".strip(),
        numbers.money(costs.best_thousand_price, costs.currency),
        numbers.NOTHING if costs.first_token is None else numbers.latency(costs.first_token.seconds),
        _rate(costs.alone_tokens_per_second),
        _rate(costs.best_per_second),
        _rate(costs.best_tokens_per_second),
        numbers.count(costs.answers),
    )


def _name(row: SpeedRow) -> str:
    return f"{strategy_name(row.label)}{_describe_model(row)}"


def _in_sentence(row: SpeedRow) -> str:
    merged = "merged " if row.costs.form == "merged" else ""  # a comma would look like the next one in a list
    return f"{merged}{strategy_in_sentence(row.label)}{_describe_seed(row)}"


def _describe_model(row: SpeedRow) -> str:
    return f"{', merged' if row.costs.form == 'merged' else ''}{_describe_seed(row)}"


def _describe_seed(row: SpeedRow) -> str:
    return "" if row.seed is None else f", seed {row.seed}"


def _quantile(quantile: TimeQuantile, *, with_interval: bool) -> str:
    interval, text = quantile.interval, numbers.latency(quantile.seconds)
    if not interval.reliable:
        return f"{text} {LOW_CONFIDENCE_MARK}"
    return f"{text} ({numbers.latency(interval.low)}–{numbers.latency(interval.high)})" if with_interval else text


def _rate(value: float | None) -> str:
    return numbers.NOTHING if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
