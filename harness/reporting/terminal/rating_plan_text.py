"""How many examples to rate, in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.reporting.terminal.console import build_table, print_table, print_text, table_width
from harness.reporting.wording import plan_wording
from harness.review import RatingPlan
from harness.text import one_line


def print_rating_plan(plan: RatingPlan, run: str, console: Console) -> None:
    """Print the numbers, what they rest on, and the command that exports the packet.

    Args:
        run: as the command shall name it.
    """
    width, table = table_width(console), plan_wording.build_plan_table(plan)
    print_text(console, Text(one_line(plan_wording.describe_question(plan)), style="bold"))
    print_text(console, Text(f"\n{table.title}", style="bold"))
    print_table(console, build_table(table, width), width)
    print_text(console, Text(table.under, style="dim"))
    for sentence in plan_wording.describe_plan(plan, run):
        print_text(console, Text(f"\n{one_line(sentence, 600)}"))
