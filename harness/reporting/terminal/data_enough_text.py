"""How much data is enough, in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.reporting.terminal.console import build_table, print_table, print_text, table_width
from harness.reporting.views import DataEnough
from harness.reporting.wording.data import enough_sentences
from harness.text import one_line


def print_data_enough(enough: DataEnough, console: Console) -> None:
    """Print the sizes, what they bring and cost, and the parts that lack examples."""
    width = table_width(console)
    print_text(console, Text(one_line(enough_sentences.describe_task(enough)), style="bold"))
    for outlook in enough.curves:
        table = enough_sentences.build_size_table(outlook, enough)
        print_text(console, Text(""))
        print_text(console, Text(one_line(table.title)))
        print_table(console, build_table(table, width), width)
        for sentence in enough_sentences.describe_outlook(outlook, enough):
            print_text(console, Text(one_line(sentence, 600)))
    if asked := enough_sentences.describe_asked(enough):
        print_text(console, Text(one_line(asked)))
    if parts := enough_sentences.build_part_table(enough):
        print_text(console, Text(""))
        print_text(console, Text(one_line(parts.title)))
        print_table(console, build_table(parts, width), width)
        print_text(console, Text(one_line(enough_sentences.describe_parts(enough), 600)))
