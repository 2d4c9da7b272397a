"""Forecasts in a terminal: a table for each task and model, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from harness.reporting.terminal.console import build_table, print_table, print_text, table_width
from harness.reporting.wording import forecast_sentences, text_table
from harness.text import wrap_words
from harness.types import PlannedForecast

if TYPE_CHECKING:  # reading a run imports no engine, on which forecasts rest
    from harness.forecast import ForecastRecord

_WIDTH = 80
_LATEST = 20  # cells of a device


def print_forecasts(forecasts: Sequence[PlannedForecast], console: Console, width: int | None = None) -> None:
    """Print the forecasts of each task and model."""
    for number, (_, group) in enumerate(groupby(forecasts, key=lambda each: (each.task, each.model))):
        planned = list(group)
        if number:
            print_text(console, Text(""))
        _print(forecast_sentences.build_forecast_table(planned), forecast_sentences.describe_forecasts(planned), console, width)


def print_ledger(records: Sequence[ForecastRecord], console: Console, width: int | None = None) -> None:
    """Print the latest cells of each device: forecast and measured."""
    if not records:
        print_text(console, Text(forecast_sentences.EMPTY_LEDGER))
    for number, device in enumerate(dict.fromkeys(record.device for record in records)):
        if number:
            print_text(console, Text(""))
        own = [record for record in records if record.device == device]
        table = forecast_sentences.build_ledger_table(own[-_LATEST:], device)
        _print(table, forecast_sentences.describe_ledger(own, min(len(own), _LATEST)), console, width)


def _print(table: text_table.TextTable, sentences: Sequence[str], console: Console, width: int | None) -> None:
    room = width or (min(console.width, 100) if console.is_terminal else _WIDTH)
    print_text(console, Text(table.title, style="bold"))
    print_table(console, build_table(table, table_width(console, room)), room)
    for sentence in sentences:
        print_text(console, Text("\n".join(wrap_words(sentence, room))))
