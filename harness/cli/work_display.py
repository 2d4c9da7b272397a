"""The progress of work that is not a run, on standard error: a spinner or a bar in a terminal, otherwise a line every few seconds."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

import click
from rich.console import Console
from rich.markup import escape

from harness.cli.heartbeat import PROGRESS_SECONDS, Heartbeat
from harness.text import short

if TYPE_CHECKING:
    from harness.engine.served import FailedAttempt


@contextmanager
def show_work(text: str) -> Iterator[None]:
    """Show that something is computed: what, and without a terminal for how long."""
    console = Console(stderr=True, highlight=False, emoji=False)
    if console.is_terminal:
        with console.status(escape(f"{text} …")):
            yield
        return
    heartbeat = Heartbeat(lambda seconds: click.echo(f"{text}, {seconds:.0f} s", err=True))
    heartbeat.start()
    try:
        yield
    finally:
        heartbeat.stop()


class _BarProgress:
    """A bar for each of several pieces of work; without a terminal, lines.

    Args:
        state: what the lines say before anything is shown.
    """

    def __init__(self, state: str, console: Console | None) -> None:
        from rich.progress import Progress, TaskID

        self._bar = Progress(console=console or Console(stderr=True, highlight=False, emoji=False), transient=True)
        self._tasks: dict[str, TaskID] = {}
        self._state = state
        self._heartbeat = Heartbeat(lambda seconds: click.echo(f"{self._state}, {seconds:.0f} s", err=True))

    def __enter__(self) -> Self:
        if self._bar.console.is_terminal:
            self._bar.start()
        else:
            self._heartbeat.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._heartbeat.stop()
        if self._bar.live.is_started:  # otherwise rich prints an empty line
            self._bar.stop()

    def _update(self, name: str, done: float, total: float) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bar.add_task(escape(name), total=total)
        self._bar.update(self._tasks[name], completed=done)


class SimulationProgress(_BarProgress):
    """The simulations of each task."""

    def __init__(self, console: Console | None = None) -> None:
        super().__init__("Simulating", console)

    def show(self, name: str, done: int, total: int) -> None:
        """Show how many of the simulations of one task are done."""
        self._update(short(name, 40), done, total)
        self._state = f"Simulating {short(name, 40)}: {done:,}/{total:,}"


class StageProgress(_BarProgress):
    """Work in stages, each with the share of it that is done. If it is interrupted, nothing is written, and the command ends with 130."""

    def __init__(self, console: Console | None = None) -> None:
        super().__init__("Working", console)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        super().__exit__(kind, error, trace)
        if kind is KeyboardInterrupt:
            _end_interrupted()

    def show(self, stage: str, share: float) -> None:
        """Show what is being done, and the share of it that is done."""
        self._update(stage, share, 1.0)
        self._state = f"{stage}: {share:.0%}" if 0 < share < 1 else stage


@contextmanager
def show_rows(text: str) -> Iterator[Callable[[int], None]]:
    """Show how many rows of a file are done; yields what to call with their number. Interruptions are as for `StageProgress`."""
    console = Console(stderr=True, highlight=False, emoji=False)
    done = 0
    heartbeat = Heartbeat(lambda seconds: click.echo(f"{text}: {done:,} rows, {seconds:.0f} s", err=True))
    try:
        if console.is_terminal:
            with console.status(escape(f"{text} …")) as status:
                yield lambda rows: status.update(escape(f"{text}: {rows:,} rows …"))
            return

        def count(rows: int) -> None:
            nonlocal done
            done = rows

        heartbeat.start()
        yield count
    except KeyboardInterrupt:
        _end_interrupted()
    finally:
        heartbeat.stop()


class AnswerDisplay:
    """How many of a number of answers of a host or a model have come. What has come is kept if it is interrupted.

    Args:
        text: what is being done.
    """

    def __init__(self, text: str) -> None:
        self._text = self._state = text
        self._console = Console(stderr=True, highlight=False, emoji=False)
        self._status = self._console.status(escape(f"{text} …"))
        self._heartbeat = Heartbeat(lambda seconds: click.echo(f"{self._state}, {seconds:.0f} s", err=True))
        self._last_failure = -math.inf
        self._saying = threading.Lock()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status.start()
        else:
            self._heartbeat.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._heartbeat.stop()
        self._status.stop()
        if kind is KeyboardInterrupt:
            click.echo("interrupted: the same command continues", err=True)
            sys.exit(130)

    def show(self, done: int, total: int) -> None:
        """Show how many answers have come."""
        self._state = f"{self._text}: {done:,} of {total:,} answers"
        self._status.update(escape(f"{self._state} …"))

    def show_failure(self, failed: FailedAttempt) -> None:
        """Print what a host answers while a request waits to be repeated: at once, then every few seconds, as many may fail at once."""
        from harness.reporting import describe_retry

        with self._saying:
            if time.monotonic() - self._last_failure <= PROGRESS_SECONDS:
                return
            self._last_failure = time.monotonic()
        sentence = describe_retry(failed.problem, failed.attempt, failed.attempts, failed.wait)
        self._console.print(f"{self._text}: {sentence}", markup=False, soft_wrap=True)
        self._heartbeat.reset()


def _end_interrupted() -> NoReturn:
    click.echo("interrupted: nothing was written", err=True)
    sys.exit(130)
