"""The short report in a terminal: a table a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.reporting.terminal.console import UNLIMITED, natural_width, print_table, print_text
from harness.reporting.views.learning import learning_of
from harness.reporting.wording import numbers
from harness.reporting.wording import result_sentences as words
from harness.reporting.wording.advice import advice_of
from harness.results import RunResults, StrategyResult, TaskResults
from harness.text import one_line, short
from harness.types import Metric, Task

_MOST_SCORES = 2  # beside the primary one


@dataclass(frozen=True)
class _Column:
    """A column: its heading, what stands in it, and how early it goes when there is no room (0: never)."""

    heading: str
    cell: Callable[[StrategyResult], str]
    expendable: int = 0
    number: bool = True


def terminal_table(run: RunResults, console: Console) -> None:
    """Print one table a task with the sentence that sums it up.

    In a terminal the least needed columns are left out until the rest fits, and no number is ever cut; into a file or a pipe goes
    the whole table, however wide.
    """
    for rows in run.by_task.values():
        task, lines = rows.task, rows.strategies
        width = console.width if console.is_terminal else UNLIMITED
        table = _fitting(lines, _columns(task, lines, rows), width)
        print_text(console, Text(f"{task.name} · {task.primary} · {numbers.plural(len(rows.examples), 'test row')}", style="bold"))
        print_table(console, table, width)
        print_text(console, Text(one_line(words.headline(task, lines, rows.primary.unit if rows.primary else ""))))
        advice = advice_of(rows)
        said = [*(advice.sentences if advice else ()), *words.reductions(lines), words.forgetting(lines)]
        for sentence in filter(None, said):
            print_text(console, Text(one_line(sentence)))
        learning = learning_of(rows)
        for curve in learning.lines if learning else ():
            print_text(console, Text(one_line(f"{curve.label}: {' '.join(curve.sentences)}")))
        for ln in lines:
            for note in (
                words.notes(ln) if ln.method == "outputs" else ()
            ):  # what is wrong with outputs is to be mended by whoever brought them
                print_text(console, Text(one_line(f"{ln.label}: {note}", 300), style="yellow"))
            for problem in ln.problems:
                seed = f", seed {problem.seed}" if problem.seed is not None else ""
                print_text(console, Text(one_line(f"{ln.label}{seed}: {problem.status}. {words.problem(problem)}", 300), style="yellow"))
        print_text(console, Text(""))


def _columns(task: Task, lines: Sequence[StrategyResult], rows: TaskResults) -> list[_Column]:
    others = [m for m in rows.metrics if m.name != task.primary][:_MOST_SCORES]
    unit = rows.primary.unit if rows.primary else ""
    columns = [
        _Column("strategy", lambda ln: short(ln.label, 60), number=False),
        _Column("status", words.status, number=False),
        _Column(task.primary, lambda ln: numbers.score(ln.primary.value if ln.primary else None, unit)),
        _Column("95 % interval", _interval(unit), 1, number=False),
        *(_Column(m.name, _score_of(m), 6 + i) for i, m in enumerate(others)),
        _Column("vs base", _difference(unit), number=False),
        _Column("training", lambda ln: numbers.seconds(ln.costs.training_seconds if ln.costs and ln.timed else None), 2),
        _Column("total", lambda ln: numbers.seconds(ln.costs.total_seconds if ln.costs and ln.timed else None), 5),
        _Column("cost", lambda ln: numbers.money(ln.costs.total_price, ln.costs.currency) if ln.costs else numbers.NOTHING, 3),
        _Column("peak memory", lambda ln: numbers.size(ln.costs.peak_allocated if ln.costs else None), 4),
    ]
    if any(len(ln.cells) > 1 for ln in lines):
        columns.insert(2, _Column("seeds", lambda ln: numbers.count(len(ln.seeds)) if ln.seeds else numbers.NOTHING, 8))
    return columns


def _interval(unit: str) -> Callable[[StrategyResult], str]:
    return lambda ln: numbers.interval(ln.primary.low, ln.primary.high, unit) if ln.primary else ""


def _score_of(metric: Metric) -> Callable[[StrategyResult], str]:
    def cell(ln: StrategyResult) -> str:
        score = ln.scores.get(metric.name)
        return numbers.score(score.value if score else None, metric.unit)

    return cell


def _difference(unit: str) -> Callable[[StrategyResult], str]:
    def cell(ln: StrategyResult) -> str:
        if ln.versus_base is None:
            return numbers.NOTHING
        return f"{numbers.signed(ln.versus_base.difference, unit)} {words.verdict_text(ln.versus_base)}"

    return cell


def _fitting(lines: Sequence[StrategyResult], columns: list[_Column], width: int) -> Table:
    """The table with as many columns as fit, the most expendable dropped first; the last ones stay, however narrow it is."""
    while True:
        table = _table(lines, columns)
        if natural_width(table) <= width or not any(c.expendable for c in columns):
            return table
        least = max(columns, key=lambda c: c.expendable)
        columns = [c for c in columns if c is not least]


def _table(lines: Sequence[StrategyResult], columns: Sequence[_Column]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for column in columns:
        table.add_column(Text(column.heading), justify="right" if column.number else "left", no_wrap=True, overflow="fold")
    for ln in lines:
        table.add_row(*(Text(column.cell(ln)) for column in columns), style="" if ln.complete else "yellow")
    return table
