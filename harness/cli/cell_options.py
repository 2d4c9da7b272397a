"""What the commands that use a finished cell share: the options that name it, and what they show meanwhile."""

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

# Without a terminal, progress is told at most this often, in seconds.
_QUIET = 15.0

_OPTIONS = (
    click.option("--strategy", required=True, shell_complete=cell_names, help="The strategy whose result is used."),
    click.option("--task", shell_complete=cell_names, help="The task, where the run has several."),
    click.option("--model", shell_complete=cell_names, help="The base model, where the run has several."),
    click.option("--seed", type=click.IntRange(min=0), help="The training seed. Default: the lowest that is done."),
    click.option("--train-size", type=click.IntRange(min=0), help="The number of training rows, where the run has several."),
    click.option("--model-path", metavar="FOLDER", help="Where the base model lies, if its name alone does not tell."),
    click.option("--trust-remote-code", is_flag=True, help="Run Python code that comes with the model."),
)


def cell_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name a finished cell and its model."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


class FinishedDisplay:
    """Says on standard error which cell it is, and how far its rows are. Ctrl-C is no accident: nothing is left behind."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, emoji=False)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._told = time.monotonic()

    def __enter__(self) -> FinishedDisplay:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()
        if kind is KeyboardInterrupt:
            self.say("interrupted: nothing was written")
            sys.exit(130)

    def chosen(self, finished: FinishedCell) -> None:
        """The cell is known."""
        others = sorted(
            {c.seed for c in finished.run.cells if c.seed is not None and _same_but_seed(c, finished.cell)} - {finished.cell.seed}
        )
        hint = f" (--seed takes {', '.join(map(str, others))}, too)" if others else ""
        self.say(f"{finished.run.name}: {finished.label}{hint}")

    def progress(self, done: int, total: int) -> None:
        """So many rows are answered: a bar in a terminal, else a line now and then."""
        if self._console.is_terminal:
            if self._bar is None:
                columns = (TextColumn("rows"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
                self._bar = Progress(*columns, console=self._console, transient=True)
                self._task = self._bar.add_task("rows", total=total)
                self._bar.start()
            assert self._task is not None
            self._bar.update(self._task, completed=done)
        elif done == total or time.monotonic() - self._told > _QUIET:
            self._told = time.monotonic()
            self.say(f"{done}/{total} rows")

    def say(self, text: str) -> None:
        """One line on standard error."""
        self._console.print(escape(message(text)), soft_wrap=True)


def _same_but_seed(one: Any, other: Any) -> bool:
    return (one.task, one.model, one.strategy, one.train_size) == (other.task, other.model, other.strategy, other.train_size)
