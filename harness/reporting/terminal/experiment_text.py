"""An A/B test in a terminal: its plan, and what its events show."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.lifecycle.experiments import ExperimentPlan, ExperimentReading
from harness.reporting.terminal.console import build_table, print_table, print_text, table_width
from harness.reporting.wording import text_table
from harness.reporting.wording.experiments import plan_sentences, reading_sentences
from harness.text import one_line, wrap_words

_WIDTH = 80
_STYLES = {"challenger": "bold green", "champion": "bold red", "undecided": "bold yellow"}


def print_experiment_plan(plan: ExperimentPlan, console: Console) -> None:
    """Print how long it takes, what that rests on, and what shorter experiments find."""
    print_text(console, Text(one_line(plan_sentences.title(plan)), style="bold"))
    _print_wrapped(console, plan_sentences.describe_duration(plan))
    print_text(console, Text(""))
    _print_table(console, plan_sentences.build_horizon_table(plan))
    print_text(console, Text(""))
    for note in plan_sentences.list_notes(plan):
        _print_wrapped(console, note, "- ")


def print_experiment(reading: ExperimentReading, console: Console) -> None:
    """Print the verdict, the evidence, what to do next, and what was counted."""
    state = reading_sentences.STATES[reading.state]
    print_text(console, Text(f"{state}: {one_line(reading.experiment.name)}", style=_STYLES[reading.state]))
    _print_wrapped(console, reading_sentences.describe_verdict(reading))
    if decided := reading_sentences.describe_decided(reading):
        _print_wrapped(console, decided)
    print_text(console, Text(""))
    _print_table(console, reading_sentences.build_outcome_table(reading))
    print_text(console, Text(""))
    for step in reading_sentences.list_steps(reading):
        _print_wrapped(console, step, "→ ")
    print_text(console, Text(""))
    for note in (
        reading_sentences.describe_setting(reading),
        *reading_sentences.list_counts(reading),
        reading_sentences.describe_method(reading),
    ):
        _print_wrapped(console, note, "- ")


def _print_table(console: Console, table: text_table.TextTable) -> None:
    width = table_width(console)
    print_text(console, Text(table.title, style="bold"))
    print_table(console, build_table(table, width), width)
    _print_wrapped(console, table.under)


def _print_wrapped(console: Console, text: str, start: str = "") -> None:
    width = min(console.width, 100) if console.is_terminal else _WIDTH
    print_text(console, Text("\n".join(wrap_words(one_line(text, 1000), width, first=start, further=" " * len(start)))))
