"""What is known of a judge, in the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.reporting.terminal.console import build_table, print_table, print_text, table_width
from harness.reporting.wording import judge_tables, judge_wording
from harness.review.findings import JudgeFindings
from harness.text import one_line


def print_judge(findings: JudgeFindings, console: Console) -> None:
    """Print its sentences and tables."""
    width = table_width(console)
    for sentence in judge_wording.describe_judge(findings):
        print_text(console, Text(one_line(sentence)))
    for table in judge_tables.list_judge_tables(findings):
        print_text(console, Text(f"\n{table.title}", style="bold"))
        print_table(console, build_table(table, width), width)
        print_text(console, Text(table.under, style="dim"))
