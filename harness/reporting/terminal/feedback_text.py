"""What users say about the answers of a task, in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.lifecycle.feedback import FeedbackSummary
from harness.reporting.terminal.console import build_table, print_table, print_text, table_width
from harness.reporting.wording import feedback_sentences, text_table
from harness.text import one_line, wrap_words

_WIDTH = 100


def print_feedback(summary: FeedbackSummary, console: Console) -> None:
    """Print the main numbers, then the changes with promotions, all numbers, those over time and by subgroup, and notes."""
    _print_wrapped(console, feedback_sentences.describe_headline(summary), style="bold")
    tables = (
        feedback_sentences.build_promotion_table(summary),
        feedback_sentences.build_total_table(summary) if summary.answers else None,
        feedback_sentences.build_time_table(summary),
        feedback_sentences.build_slice_table(summary),
    )
    for table in filter(None, tables):
        print_feedback_table(table, console)
    notes = feedback_sentences.list_notes(summary)
    if notes:
        print_text(console, Text(""))
    for note in notes:
        _print_wrapped(console, f"- {note}", further="  ")


def print_feedback_table(table: text_table.TextTable, console: Console) -> None:
    """Print a table with its title and footnote."""
    print_text(console, Text(f"\n{table.title}", style="bold"))
    print_table(console, build_table(table, table_width(console)), table_width(console))
    if table.under:
        _print_wrapped(console, table.under)


def _print_wrapped(console: Console, text: str, *, style: str = "", further: str = "") -> None:
    width = min(console.width, _WIDTH) if console.is_terminal else _WIDTH
    lines = wrap_words(one_line(text, 1000), width, further=further)
    print_text(console, Text("\n".join(lines), style=style))
