"""Options and progress display of the commands that use a finished cell: `bench predict`, `bench export`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from harness.cli.commands import cell_names
from harness.cli.wording import message

if TYPE_CHECKING:
    from harness.results import FinishedCell

# Without a terminal, the shortest time between two progress lines, in seconds.
_QUIET = 5.0

_OPTIONS = (
    click.option("--strategy", required=True, shell_complete=cell_names, help="The strategy to use."),
    click.option("--task", shell_complete=cell_names, help="The task, if the run has several."),
    click.option("--model", shell_complete=cell_names, help="The base model, if the run has several."),
    click.option("--seed", type=click.IntRange(min=0), help="The training seed. Default: the lowest one with a result."),
    click.option("--train-size", type=click.IntRange(min=0), help="The number of training examples, if the run has several."),
    click.option("--model-path", metavar="FOLDER", help="Folder of the base model, if it cannot be found by its name."),
    click.option("--trust-remote-code", is_flag=True, help="Allow Python code that comes with the model."),
)


def cell_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select a finished cell and its model."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


class FinishedDisplay:
    """Shows the selected cell and its progress on standard error. After Ctrl-C nothing is left behind."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, emoji=False)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._last_line = time.monotonic()

    def __enter__(self) -> FinishedDisplay:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()
        if kind is KeyboardInterrupt:
            self.say("interrupted: nothing was written")
            sys.exit(130)

    def chosen(self, finished: FinishedCell) -> None:
        """Show the selected cell, and which other seeds it has."""
        other_seeds = sorted(
            {c.seed for c in finished.run.cells if c.seed is not None and _same_but_seed(c, finished.cell)} - {finished.cell.seed}
        )
        hint = f" (other seeds: {', '.join(map(str, other_seeds))})" if other_seeds else ""
        self.say(f"{finished.run.name}: {finished.label}{hint}")

    def progress(self, done: int, total: int) -> None:
        """Show progress: a bar in a terminal, else a line now and then."""
        if self._console.is_terminal:
            if self._bar is None:
                columns = (TextColumn("examples"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
                self._bar = Progress(*columns, console=self._console, transient=True)
                self._task = self._bar.add_task("examples", total=total)
                self._bar.start()
            assert self._task is not None
            self._bar.update(self._task, completed=done)
        elif done == total or time.monotonic() - self._last_line > _QUIET:
            self._last_line = time.monotonic()
            self.say(f"{done}/{total} examples")

    def say(self, text: str) -> None:
        """Print one line to standard error."""
        self._console.print(escape(message(text)), soft_wrap=True)


def _same_but_seed(one: Any, other: Any) -> bool:
    return (one.task, one.model, one.strategy, one.train_size) == (other.task, other.model, other.strategy, other.train_size)
