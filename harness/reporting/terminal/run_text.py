"""The results of a run in a terminal: for each task the decision, a table, and the sentences about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from harness.decision import DecisionState
from harness.reporting.terminal.console import build_table, print_table, print_text, table_width
from harness.reporting.terminal.fitted_table import Column, fit_table, natural_width
from harness.reporting.views import TaskOutcome, build_task_outcome
from harness.reporting.views.sections import SearchReport
from harness.reporting.wording import (
    cascade_sentences,
    decision_sentences,
    guardrail_tables,
    headings,
    leak_sentences,
    learning_sentences,
    money_sentences,
    numbers,
    replacement_sentences,
    run_sentences,
    search_sentences,
    search_tables,
    served_sentences,
    speed_sentences,
    table_notes,
    task_sentences,
    text_table,
    trivial_sentences,
)
from harness.results import RunResults, StrategyResult
from harness.text import one_line, short

_CRITICAL_ERRORS = "critical_error_rate"
_MOST_SCORES = 2  # beside the primary one
_STATE_STYLES: Mapping[DecisionState, str] = {
    "ship": "green",
    "ship_with_conditions": "yellow",
    "undecided": "yellow",
    "do_not_ship": "red",
}


def print_run(run: RunResults, console: Console, width: int | None = None) -> None:
    """Print the decision on each task, its strategies in a table, and further sentences.

    Where tables do not fit, their least needed columns are left out; no number is ever cut.

    Args:
        width: of the tables, in characters; by default that of the terminal, and as much as they need in a file or a pipe.
    """
    width = table_width(console, width)
    for results in run.by_task.values():
        task = build_task_outcome(results)
        print_text(console, Text(table_notes.describe_task_title(task), style="bold"))
        text = decision_sentences.describe_decision(task)
        print_text(console, Text(one_line(f"{text.state}. {text.headline}"), style=f"bold {_STATE_STYLES[task.decision.state]}"))
        styles = ["" if result.complete else "yellow" for result in task.strategies]
        print_table(console, fit_table(_columns(task), width, styles), width)
        if reference := trivial_sentences.describe_trivial(task):
            print_text(console, Text(one_line(reference)))
        _print_decision(task, text, console, width)
        if task.money.rows:
            _print_text_table(_narrowed(money_sentences.build_money_table(task), width), console, width)
        if task.replacement is not None:
            for rival in task.replacement.rivals:
                table = replacement_sentences.build_replacement_table(task.replacement, rival)
                _print_text_table(_narrowed(table, width), console, width)
        if task.speeds is not None:
            _print_text_table(_narrowed(speed_sentences.build_speed_table(task.speeds), width), console, width)
        if task.served:
            _print_text_table(_narrowed(served_sentences.build_served_table(task.served), width), console, width)
        if task.leaks is not None:
            _print_text_table(_narrowed(leak_sentences.build_leak_table(task.leaks), width), console, width)
            for sentence in leak_sentences.list_findings(task.leaks):
                print_text(console, Text(one_line(sentence)))
        if task.search is not None:
            _print_search(task.search, console)
        for sentence in _sentences(task):
            print_text(console, Text(one_line(sentence)))
        for sentence in _problems(task.strategies):
            print_text(console, Text(one_line(sentence, 300), style="yellow"))
        print_text(console, Text(""))


def _print_search(search: SearchReport, console: Console) -> None:
    """One line for each strategy, what the race dropped, and the cost; the report has the rest."""
    _print_list(
        search_sentences.title_section(search), [search_tables.describe_strategy(each, search) for each in search.strategies], console
    )
    for sentence in (*search_sentences.describe_drops(search), *search_sentences.describe_warnings(search)):
        print_text(console, Text(one_line(sentence, 600)))


def _print_decision(task: TaskOutcome, text: decision_sentences.DecisionText, console: Console, width: int) -> None:
    """Why this is the decision, on which conditions, the guardrails, and what to do next."""
    for sentence in filter(None, [*text.why, text.confidence]):
        print_text(console, Text(one_line(sentence)))
    _print_list(decision_sentences.CONDITIONS, text.conditions, console)
    if task.decision.guardrails:
        _print_text_table(guardrail_tables.list_guardrails(task.decision.guardrails), console, width)
    _print_list(decision_sentences.NEXT_STEPS, [f"{step.text} {step.code}".strip() for step in text.steps], console)


def _narrowed(table: text_table.TextTable, width: int) -> text_table.TextTable:
    """The table without its last columns, as many as do not fit; the report has all of them."""
    while len(table.columns) > 2 and natural_width(build_table(table, width)) > width:
        rows = tuple(tuple(row[:-1]) for row in table.rows)
        table = replace(table, columns=tuple(table.columns[:-1]), numeric=tuple(table.numeric[:-1]), rows=rows)
    return table


def _print_text_table(table: text_table.TextTable, console: Console, width: int) -> None:
    print_text(console, Text(f"\n{table.title}", style="bold"))
    print_table(console, build_table(table, width), width)
    print_text(console, Text(f"{table.under}\n" if table.under else "", style="dim"))


def _print_list(title: str, lines: Sequence[str], console: Console) -> None:
    if lines:
        print_text(console, Text(title, style="bold"))
    for line in lines:
        print_text(console, Text(f"  {one_line(line)}"))


def _sentences(task: TaskOutcome) -> list[str]:
    summary = task_sentences.summarize_task(task)
    curves = [
        f"{curve.label}: {' '.join(learning_sentences.describe_curve(curve.curve, task.primary))}"
        for curve in (task.learning.curves if task.learning else ())
    ]
    cascades = [f"{report.label}: {' '.join(cascade_sentences.describe_cascade(report))}" for report in task.cascades]
    return [*cascades, *summary.reasons, *summary.reductions, *table_notes.describe_plugin_scores(task), *curves]


def _problems(strategies: Sequence[StrategyResult]) -> list[str]:
    """Cells without a result, and what is wrong with external outputs: the user has to correct the file."""
    sentences = []
    for result in strategies:
        sentences += [f"{result.label}: {note}" for note in run_sentences.describe_notes(result) if result.external]
        for problem in result.problems:
            seed = f", seed {problem.seed}" if problem.seed is not None else ""
            sentences.append(f"{result.label}{seed}: {problem.status}. {run_sentences.describe_problem(problem)}")
    return sentences


def _columns(task: TaskOutcome) -> list[Column]:
    names, unit, strategies = headings.TERMINAL_HEADINGS, task.primary.unit, task.strategies
    others = [score for score in task.scores if score.name != task.primary.name and not score.unchecked]
    # safety first, then what the user has added
    others = sorted(others, key=lambda score: (score.name != _CRITICAL_ERRORS, not score.of_plugin_file))[:_MOST_SCORES]

    def column(heading: str, cell: Callable[[StrategyResult], str], expendable: int = 0, *, is_number: bool = True) -> Column:
        return Column(heading, tuple(map(cell, strategies)), expendable, is_number)

    columns = [
        column(names["strategy"], lambda r: short(r.label, 60), is_number=False),
        column(task.primary.name, _score(task.primary.name, unit)),
        column(
            headings.CONFIDENCE_INTERVAL,
            lambda r: numbers.interval(r.primary.low, r.primary.high, unit) if r.primary else "",
            3,
            is_number=False,
        ),
        *(column(score.name, _score(score.name, score.unit), 1 if score.name == _CRITICAL_ERRORS else 7) for score in others),
        column(names["versus_base"], _difference(unit), is_number=False),
        column(names["training"], lambda r: numbers.seconds(r.costs.training_seconds if r.costs and r.timed else None), 4),
        column(names["total"], lambda r: numbers.seconds(r.costs.total_seconds if r.costs and r.timed else None), 6),
        column(names["cost"], lambda r: numbers.money(r.costs.total_price, r.costs.currency) if r.costs else numbers.NOTHING, 2),
        column(names["memory"], lambda r: numbers.size(r.costs.peak_allocated if r.costs else None), 5),
    ]
    if not all(result.complete for result in strategies):
        columns.insert(1, column(names["status"], run_sentences.describe_status, is_number=False))
    if any(len(result.cells) > 1 for result in strategies):
        columns.insert(1, column(names["seeds"], lambda r: numbers.count(len(r.seeds)) if r.seeds else numbers.NOTHING, 8))
    return columns


def _score(name: str, unit: str) -> Callable[[StrategyResult], str]:
    def cell(result: StrategyResult) -> str:
        score = result.scores.get(name)
        return numbers.score(score.value if score else None, unit)

    return cell


def _difference(unit: str) -> Callable[[StrategyResult], str]:
    def cell(result: StrategyResult) -> str:
        comparison = result.versus_base
        if comparison is None:
            return numbers.NOTHING
        return f"{numbers.signed(comparison.difference, unit)} {task_sentences.describe_verdict(comparison)}"

    return cell
