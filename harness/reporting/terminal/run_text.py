"""The results of a run in a terminal: for each task the decision, a table, and the sentences about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.decision import DecisionState
from harness.reporting.terminal.console import UNLIMITED, build_table, natural_width, print_table, print_text
from harness.reporting.views import TaskOutcome, build_task_outcome
from harness.reporting.wording import (
    decision_sentences,
    guardrail_tables,
    headings,
    learning_sentences,
    money_sentences,
    numbers,
    run_sentences,
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


@dataclass(frozen=True)
class _Column:
    """A column: its heading, its cells, and how early it is dropped where there is no room (0: never)."""

    heading: str
    cell: Callable[[StrategyResult], str]
    expendable: int = 0
    number: bool = True


def print_run(run: RunResults, console: Console) -> None:
    """Print the decision on each task, its strategies in a table, and further sentences.

    In a terminal the least needed columns are left out until the others fit, and no number is ever cut; a file or a pipe gets the whole
    table, however wide.
    """
    width = console.width if console.is_terminal else UNLIMITED
    for results in run.by_task.values():
        task = build_task_outcome(results)
        print_text(console, Text(table_notes.describe_task_title(task), style="bold"))
        text = decision_sentences.describe_decision(task)
        print_text(console, Text(one_line(f"{text.state}. {text.headline}"), style=f"bold {_STATE_STYLES[task.decision.state]}"))
        print_table(console, _fit(task.strategies, _columns(task), width), width)
        if reference := trivial_sentences.describe_trivial(task):
            print_text(console, Text(one_line(reference)))
        _print_decision(task, text, console, width)
        if task.money.rows:
            _print_text_table(_narrowed(money_sentences.build_money_table(task), width), console, width)
        for sentence in _sentences(task):
            print_text(console, Text(one_line(sentence)))
        for sentence in _problems(task.strategies):
            print_text(console, Text(one_line(sentence, 300), style="yellow"))
        print_text(console, Text(""))


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
    while len(table.columns) > 2 and natural_width(build_table(table)) > width:
        rows = tuple(tuple(row[:-1]) for row in table.rows)
        table = replace(table, columns=tuple(table.columns[:-1]), numeric=tuple(table.numeric[:-1]), rows=rows)
    return table


def _print_text_table(table: text_table.TextTable, console: Console, width: int) -> None:
    print_text(console, Text(f"\n{table.title}", style="bold"))
    print_table(console, build_table(table), width)
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
    return [*summary.reasons, *summary.reductions, *curves]


def _problems(strategies: Sequence[StrategyResult]) -> list[str]:
    """Cells without a result, and what is wrong with external outputs: the user has to correct the file."""
    sentences = []
    for result in strategies:
        sentences += [f"{result.label}: {note}" for note in run_sentences.describe_notes(result) if result.external]
        for problem in result.problems:
            seed = f", seed {problem.seed}" if problem.seed is not None else ""
            sentences.append(f"{result.label}{seed}: {problem.status}. {run_sentences.describe_problem(problem)}")
    return sentences


def _columns(task: TaskOutcome) -> list[_Column]:
    names, unit = headings.TERMINAL_HEADINGS, task.primary.unit
    others = [score for score in task.scores if score.name != task.primary.name and not score.unchecked]
    others = sorted(others, key=lambda score: score.name != _CRITICAL_ERRORS)[:_MOST_SCORES]  # safety first
    columns = [
        _Column(names["strategy"], lambda r: short(r.label, 60), number=False),
        _Column(task.primary.name, _score(task.primary.name, unit)),
        _Column(
            headings.CONFIDENCE_INTERVAL,
            lambda r: numbers.interval(r.primary.low, r.primary.high, unit) if r.primary else "",
            3,
            number=False,
        ),
        *(_Column(score.name, _score(score.name, score.unit), 1 if score.name == _CRITICAL_ERRORS else 7) for score in others),
        _Column(names["versus_base"], _difference(unit), number=False),
        _Column(names["training"], lambda r: numbers.seconds(r.costs.training_seconds if r.costs and r.timed else None), 4),
        _Column(names["total"], lambda r: numbers.seconds(r.costs.total_seconds if r.costs and r.timed else None), 6),
        _Column(names["cost"], lambda r: numbers.money(r.costs.total_price, r.costs.currency) if r.costs else numbers.NOTHING, 2),
        _Column(names["memory"], lambda r: numbers.size(r.costs.peak_allocated if r.costs else None), 5),
    ]
    if not all(result.complete for result in task.strategies):
        columns.insert(1, _Column(names["status"], run_sentences.describe_status, number=False))
    if any(len(result.cells) > 1 for result in task.strategies):
        columns.insert(1, _Column(names["seeds"], lambda r: numbers.count(len(r.seeds)) if r.seeds else numbers.NOTHING, 8))
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


def _fit(strategies: Sequence[StrategyResult], columns: list[_Column], width: int) -> Table:
    """The table with as many columns as fit, the most expendable dropped first; the others stay, however narrow it is."""
    while True:
        table = _table(strategies, columns)
        if natural_width(table) <= width or not any(c.expendable for c in columns):
            return table
        least = max(columns, key=lambda c: c.expendable)
        columns = [c for c in columns if c is not least]


def _table(strategies: Sequence[StrategyResult], columns: Sequence[_Column]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for column in columns:
        table.add_column(Text(column.heading), justify="right" if column.number else "left", no_wrap=True, overflow="fold")
    for result in strategies:
        table.add_row(*(Text(column.cell(result)) for column in columns), style="" if result.complete else "yellow")
    return table
