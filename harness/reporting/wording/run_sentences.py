"""Sentences about a run as a whole: its title, its state, its costs, and cells without a result."""

from __future__ import annotations

from harness.reporting.views import Report, RunPrice
from harness.reporting.views.sections import OutputSource
from harness.reporting.wording import numbers
from harness.reporting.wording.cell_notes import note_sentence
from harness.reporting.wording.names import list_names, strategy_in_sentence, strategy_name
from harness.results import CellProblem, StrategyResult


def describe_title(report: Report) -> str:
    """What the run is about: the question of its task, where that declares one."""
    if len(report.tasks) == 1 and report.tasks[0].task.report.question:
        return report.tasks[0].task.report.question
    results = [result for task in report.tasks for result in task.strategies]
    strategies, models = {result.strategy for result in results}, {result.model for result in results if result.on_base_model}
    tasks = list_names([task.name for task in report.tasks], len(report.tasks)) if report.tasks else "no task"
    if len(strategies) > 1:
        what = "Which strategy, and which model," if len(models) > 1 else "Which strategy"
        return f"{what} works best for {tasks}?"
    name = strategy_in_sentence(next(iter(strategies), "no strategy"))
    return f"Which model works best with {name} for {tasks}?" if len(models) > 1 else f"Is {name} good enough for {tasks}?"


def describe_cells(report: Report) -> str:
    """How many cells ended in which way: "6 done, 1 failed"."""
    return ", ".join(f"{count} {status}" for status, count in report.statuses.items())


def describe_unfinished(report: Report) -> str:
    """How to resume a run that is incomplete."""
    missing, cells = report.statuses.get("interrupted", 0), sum(report.statuses.values())
    have = "has" if missing == 1 else "have"
    return f"This run is incomplete: {missing} of {cells} experiments {have} no result. Run the same command to resume."


def describe_status(result: StrategyResult) -> str:
    """How the cells of a strategy ended: "done", "1 done, 1 failed"."""
    kinds = sorted(set(result.statuses), key=lambda kind: (kind != "done", kind))
    return kinds[0] if len(kinds) == 1 else ", ".join(f"{result.statuses.count(kind)} {kind}" for kind in kinds)


def describe_problem(problem: CellProblem) -> str:
    """Why a cell has no result."""
    if problem.error:
        return problem.error
    return "Not finished. Run the same command to resume." if problem.status == "interrupted" else "No error was reported."


def describe_notes(result: StrategyResult) -> list[str]:
    """What the cells of a strategy report beside their numbers."""
    return [note_sentence(note) if seed is None else f"Seed {seed}: {note_sentence(note)}" for seed, note in result.notes]


def describe_source(source: OutputSource) -> str:
    """The strategy, and where it has several seeds the seed, that something was computed from."""
    name = strategy_name(source.label)
    return name if source.seed is None else f"{name}, seed {source.seed}"


def describe_price(price: RunPrice) -> str:
    """The price that costs are computed with, and its source."""
    known = price.per_hour is not None
    amount = f"{numbers.money(price.per_hour, price.currency)} per device-hour" if known else "no price known"
    return f"{amount} ({price.source})" if price.source else amount


def describe_run(report: Report) -> str:
    """The run in a line: its name, date, device, experiments, time and money."""
    spent = f"{numbers.seconds(report.spent_seconds)}, {numbers.money(report.spent_price, report.currency)}"
    device = f", on {report.device}" if report.device else ""
    return f"Run {report.name}, {report.created[:16].replace('T', ' ')}{device}; experiments: {describe_cells(report)}; {spent}."
