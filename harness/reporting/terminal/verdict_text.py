"""A verdict of the gate in a terminal. What models wrote is shown as text."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.gate import Verdict
from harness.reporting.terminal.console import UNLIMITED, print_table, print_text
from harness.reporting.wording import gate_words, numbers
from harness.text import one_line

STYLES = {"PASS": "green", "FAIL": "red", "INCONCLUSIVE": "yellow"}


def print_verdict(verdict: Verdict, console: Console) -> None:
    """Print a verdict."""
    width = console.width if console.is_terminal else UNLIMITED
    print_text(console, Text(one_line(gate_words.headline(verdict)), style=f"bold {STYLES[verdict.outcome]}"))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in gate_words.RULE_COLUMNS:
        table.add_column(Text(name), no_wrap=True, overflow="fold")
    for ruling in verdict.rulings:
        cells = (one_line(ruling.rule, 120), ruling.outcome, gate_words.measured(ruling), one_line(gate_words.reason(ruling), 200))
        table.add_row(*(Text(cell) for cell in cells), style=STYLES[ruling.outcome])
    print_table(console, table, width)
    for sentence in gate_words.list_sentences(verdict):
        print_text(console, Text(one_line(sentence)))
    for row in verdict.worse[:5]:
        change = f"{numbers.score(row.baseline)} → {numbers.score(row.candidate)}"
        print_text(console, Text(f"{gate_words.how(row)}  {one_line(row.example, 40)}  {change}  {one_line(row.candidate_output, 120)}"))
