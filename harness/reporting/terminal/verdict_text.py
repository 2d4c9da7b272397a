"""A verdict of the gate in a terminal. What models wrote is shown as text."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.gate import Verdict
from harness.reporting.terminal.console import UNLIMITED, print_table, print_text
from harness.reporting.wording import gate_sentences, gate_tables, numbers
from harness.text import one_line

_STYLES = {"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "yellow"}
_MOST_REGRESSIONS = 5


def print_verdict(verdict: Verdict, console: Console) -> None:
    """Print a verdict."""
    width = console.width if console.is_terminal else UNLIMITED
    print_text(console, Text(one_line(gate_sentences.headline(verdict)), style=f"bold {_STYLES[verdict.outcome]}"))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in gate_tables.RULE_COLUMNS:
        table.add_column(Text(name), no_wrap=True, overflow="fold")
    for rule in verdict.rules:
        cells = [one_line(cell, 200) for cell in gate_tables.rule_cells(rule)]
        table.add_row(*(Text(cell) for cell in cells), style="dim" if rule.rule.tier == "advisory" else _STYLES[rule.outcome])
    print_table(console, table, width)
    for sentence in (*gate_sentences.verdict_sentences(verdict), gate_sentences.describe_models(verdict)):
        print_text(console, Text(one_line(sentence)))
    for each in verdict.regressions[:_MOST_REGRESSIONS]:
        change = f"{numbers.score(each.baseline)} → {numbers.score(each.candidate)}"
        output = one_line(each.candidate_output, 120)
        print_text(console, Text(f"{gate_sentences.describe_regression(each)}  {one_line(each.example, 40)}  {change}  {output}"))
