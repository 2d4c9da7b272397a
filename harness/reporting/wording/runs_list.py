"""A folder of runs in lines of 80 columns: name, cost, age and size of each run, then the decision on each task."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from datetime import datetime

from harness.archive import DecidedTask, RunState, RunSummary
from harness.reporting.wording import numbers
from harness.reporting.wording.names import strategy_in_sentence, strategy_name
from harness.text import one_line, plural, short

WIDTH = 80
_NAME_WIDTH = 50
_COLUMNS = (10, 8, 10)  # cost, age, size
_LONGEST = 300  # characters of a reason, or of the strategies of a task
STATE_NAMES: dict[RunState, str] = {
    "finished": "Finished",
    "in_progress": "In progress",
    "unfinished": "Not finished",
    "damaged": "Damaged",
}


def list_run_lines(summaries: Iterable[RunSummary], now: datetime) -> Iterator[str]:
    """The header, then the lines of each run, as soon as its summary is known. Nothing without runs."""
    for number, summary in enumerate(summaries):
        if number == 0:
            yield _columns("Run", "Cost", "Age", "Size")
        yield from _describe_run(summary, now)


def describe_no_runs(folder: str) -> str:
    """What is shown where there are no runs."""
    return one_line(f"There are no runs in {folder}.")


def describe_progress(name: str, number: int, total: int) -> str:
    """Shown while a decision is computed that is not stored yet, or a report is written."""
    return one_line(f"Reading {name} ({number} of {total})", 200)


def describe_task_decision(task: DecidedTask) -> str:
    """The decision in a few words: "Ship LoRA"."""
    if task.headline == "keep_base":
        return "Keep the untuned model" + (", with conditions" if task.state == "ship_with_conditions" else "")
    if task.state in ("ship", "ship_with_conditions"):
        return f"Ship {strategy_in_sentence(task.strategy or '')}" + (", with conditions" if task.state == "ship_with_conditions" else "")
    if task.state == "undecided":
        return "Undecided" + (f" (leading: {strategy_name(task.leader)})" if task.leader else "")
    return "Do not ship"


def describe_cost(summary: RunSummary) -> str:
    """Money, or the time where no price is known."""
    if summary.price is not None:
        return numbers.money(summary.price, summary.currency or "")
    return numbers.seconds(summary.seconds) if summary.seconds else numbers.NOTHING


def describe_age(created: str, now: datetime) -> str:
    """How long ago: "5 min", "3 h", "12 d"."""
    try:
        minutes = int((now - datetime.fromisoformat(created)).total_seconds() // 60)
    except (ValueError, TypeError):  # not a date, or one without a time zone
        return numbers.NOTHING
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60):,} d"


def describe_run_state(summary: RunSummary) -> str:
    """Why there is no decision; of a finished run, how many cells failed. May be empty."""
    if summary.state != "finished":
        return one_line(f"{STATE_NAMES[summary.state]}: {summary.reason}", _LONGEST)
    return f"{plural(summary.failed, 'cell')} failed." if summary.failed else ""


def _describe_run(summary: RunSummary, now: datetime) -> Iterator[str]:
    name = one_line(summary.name)
    values = describe_cost(summary), describe_age(summary.created, now), numbers.size(summary.size)
    if len(name) > _NAME_WIDTH:
        yield name
        name = ""
    yield _columns(name, *values)
    decisions = {task.task: describe_task_decision(task) for task in summary.tasks}
    for task, strategies in summary.strategies.items():
        decision = f" {decisions[task]}." if task in decisions else ""
        names = ", ".join(one_line(name) for name in strategies)
        yield from _wrap(f"{short(task, 60)}:{decision} Tested: {short(names, _LONGEST)}")
    if state := describe_run_state(summary):
        yield from _wrap(state)


def _columns(name: str, *values: str) -> str:
    return (name.ljust(_NAME_WIDTH) + "".join(value.rjust(width) for value, width in zip(values, _COLUMNS, strict=True))).rstrip()


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
