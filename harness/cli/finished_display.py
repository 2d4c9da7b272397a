"""The progress of the commands that use a finished cell, on standard error: `bench predict`, `bench export`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from harness.cli.heartbeat import PROGRESS_SECONDS, Heartbeat
from harness.cli.wording import message

if TYPE_CHECKING:
    from harness.results import FinishedCell

_LOADING = "loading the model"


class FinishedDisplay:
    """Shows the selected cell and its progress: a bar in a terminal, otherwise a line every few seconds.

    Args:
        describe_rest: what is left behind after Ctrl-C; by default nothing.
        has_rows: the command prints rows while it works, which are progress enough where they are seen.
    """

    def __init__(
        self, console: Console | None = None, *, describe_rest: Callable[[], str] = lambda: "nothing was written", has_rows: bool = False
    ) -> None:
        self._console = console or Console(stderr=True, highlight=False, emoji=False)
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        # Rows go to standard output, which must not be redirected to the bar's.
        self._bar = Progress(*columns, TimeRemainingColumn(), console=self._console, transient=True, redirect_stdout=False)
        self._task = self._bar.add_task(_LOADING, total=None)
        self._heartbeat = Heartbeat(self._report)
        self._describe_rest = describe_rest
        self._has_visible_rows = has_rows and sys.stdout.isatty()
        self._state = _LOADING
        self._last_line = time.monotonic()

    def __enter__(self) -> FinishedDisplay:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()
        if kind is KeyboardInterrupt:
            self.say(f"interrupted: {self._describe_rest()}")
            sys.exit(130)

    def chosen(self, finished: FinishedCell) -> None:
        """Show the selected cell, and which other seeds it has. Of several cells, each is shown when its turn comes."""
        other_seeds = sorted(
            {c.seed for c in finished.run.cells if c.seed is not None and _same_but_seed(c, finished.cell)} - {finished.cell.seed}
        )
        hint = f" (other seeds: {', '.join(map(str, other_seeds))})" if other_seeds else ""
        self.say(f"{finished.run.name}: {finished.label}{hint}")
        self._state = _LOADING
        self._bar.reset(self._task, total=None, description=_LOADING)
        if self._console.is_terminal:
            self._bar.start()
        elif not self._heartbeat.is_started:
            self._heartbeat.start()

    def progress(self, done: int, total: int | None) -> None:
        """Show how many examples are answered; 0 when the model is loaded. Nothing is shown while a stream has no rows."""
        if self._has_visible_rows or total is None:
            self._stop()
            return
        self._state = f"{done:,}/{total:,} examples"
        if self._console.is_terminal:
            self._bar.update(self._task, description="examples", completed=done, total=total)
        elif done == total or time.monotonic() - self._last_line > PROGRESS_SECONDS:
            self.say(self._state)

    def say(self, text: str) -> None:
        """Print one line to standard error."""
        self._console.print(escape(message(text)), soft_wrap=True)
        self._last_line = time.monotonic()
        self._heartbeat.reset()

    def _report(self, seconds: float) -> None:
        self.say(f"{self._state}, {seconds:.0f} s")

    def _stop(self) -> None:
        if self._bar.live.is_started:  # otherwise rich prints an empty line
            self._bar.stop()
        self._heartbeat.stop()


def _same_but_seed(one: Any, other: Any) -> bool:
    return (one.task, one.model, one.strategy, one.train_size) == (other.task, other.model, other.strategy, other.train_size)
