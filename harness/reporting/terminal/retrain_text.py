"""What a retraining has done in a terminal: the answer first, then the triggers, the data, the costs and the verdict of the gate."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.lifecycle.retraining import StepResult
from harness.reporting.terminal.console import build_table, print_table, print_text, table_width
from harness.reporting.terminal.verdict_text import print_verdict
from harness.reporting.wording import retrain_sentences
from harness.text import wrap_words

_WIDTH = 100
_STYLES = {0: "bold green", 1: "bold red", 3: "bold yellow", 4: "bold yellow"}


def print_retraining(result: StepResult, console: Console) -> None:
    """Print the result of a call; in a file or a pipe no table is cut."""
    print_text(console, Text(retrain_sentences.describe_outcome(result), style=_STYLES[result.exit_code]))
    if result.triggers:
        table = retrain_sentences.build_trigger_table(result)
        print_text(console, Text(f"\n{table.title}", style="bold"))
        print_table(console, build_table(table, table_width(console)), table_width(console))
    print_text(console, Text(""))
    for sentence in (*retrain_sentences.list_facts(result), *retrain_sentences.list_notes(result)):
        width = min(console.width, _WIDTH) if console.is_terminal else _WIDTH
        print_text(console, Text("\n".join(wrap_words(sentence, width))))
    if result.verdict is not None:
        print_text(console, Text(""))
        print_verdict(result.verdict, console)
