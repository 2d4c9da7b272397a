"""What a run shows while it works: a live table in a terminal, plain lines elsewhere; always on standard error."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from harness.cli.wording import message

if TYPE_CHECKING:
    from harness.results import RunResults
    from harness.store import RunFolder
    from harness.types import Cell

# Lines that a live table shows; a longer one would not fit a screen.
_MANY = 16
# Without a terminal, progress of a cell is told at most this often, in seconds.
_QUIET = 15.0


@dataclass
class _Line:
    """One cell on the screen."""

    cell: Cell
    name: str
    state: str = "waiting"
    phase: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    loss: float | None = None
    validation_loss: float | None = None
    began: float = 0.0
    phase_began: float = 0.0
    took: float = 0.0
    told: float = 0.0

    @property
    def label(self) -> str:
        seed = "" if self.cell.seed is None else f" seed {self.cell.seed}"
        return f"{self.cell.task} · {self.name}{seed}"

    def left(self, now: float) -> float | None:
        """Seconds that this phase still takes, from its pace so far."""
        if not self.done or not self.total or self.done == self.total:
            return None
        return (now - self.phase_began) / self.done * (self.total - self.done)


class RunDisplay:
    """Listens to a run and shows it."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, emoji=False)
        self._lines: dict[str, _Line] = {}
        self._live: Live | None = None
        self._folder: RunFolder | None = None

    def __enter__(self) -> RunDisplay:
        if self._console.is_terminal:
            self._console.print("Reading the data and the model …")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live is not None:
            self._live.update(self._table())
            self._live.stop()

    def started(self, folder: RunFolder, resumed: bool) -> None:
        """The grid is known: say what is about to happen and what was found in the data."""
        self._folder = folder
        plan = folder.plan()
        self._lines = {cell.id: _Line(cell, plan.cell_label(cell)) for cell in plan.cells}
        for line in self._lines.values():
            if folder.cell(line.cell.id).is_finished():
                line.state = folder.cell(line.cell.id).result().status
        self._say(f"{'Going on with' if resumed else 'Run'} {folder.path}: {len(plan.cells)} cell{'s' if len(plan.cells) != 1 else ''}")
        for name, report in plan.data.items():
            sizes = ", ".join(f"{count} {split}" for split, count in report.sizes.items())
            self._say(f"{name}: {sizes}")
            for warning in report.warnings:
                self._say(f"{name}: warning: {warning}")
        if self._console.is_terminal:
            self._live = Live(self._table(), console=self._console, refresh_per_second=4, get_renderable=self._table)
            self._live.start()

    def reused(self, cell: Cell, run: str) -> None:
        """A cell need not run again."""
        line = self._lines[cell.id]
        line.state = "reused"
        self._say(f"{line.label}: reused from {run}")

    def event(self, event: Mapping[str, Any]) -> None:
        """Something about a cell."""
        line, now = self._lines[event["cell"]], time.monotonic()
        kind = event["event"]
        if kind == "start":
            line.state, line.began = "running", now
        elif kind == "phase":
            line.phase, line.phase_began, line.done, line.total = event["phase"], now, 0, 0
            self._tell(line, now, line.phase)
        elif kind == "progress":
            line.done, line.total, line.unit = event["done"], event["total"], event["unit"]
            line.loss, line.validation_loss = event.get("loss"), event.get("validation_loss")
            if now - line.told > _QUIET:
                self._tell(line, now, f"{line.phase} {self._detail(line, now)}")
        elif kind == "exit":
            self._ended(line, now)

    def summary(self, run: RunResults) -> None:
        """The results as a table, and where the report is."""
        from harness.reporting import terminal_table

        terminal_table(run, self._console)
        self._say(f"Report: {run.folder.report}")

    def _ended(self, line: _Line, now: float) -> None:
        assert self._folder is not None
        result = self._folder.cell(line.cell.id).result()
        line.state, line.took, line.phase = result.status, now - line.began, ""
        text = f"{line.label}: {result.status} after {_duration(line.took)}"
        self._say(text + (f": {result.error}" if result.error else ""))
        for note in result.notes:
            self._say(f"{line.label}: {note}")

    def _tell(self, line: _Line, now: float, text: str) -> None:
        """Progress for those without a live table."""
        if self._live is None:
            self._say(f"{line.label}: {text}")
        line.told = now

    def _say(self, text: str) -> None:
        self._console.print(escape(message(" ".join(text.splitlines()))), soft_wrap=True)

    def _detail(self, line: _Line, now: float) -> str:
        parts = [f"{line.done}/{line.total} {line.unit}"] if line.total else []
        if line.loss is not None:
            parts.append(f"loss {line.loss:.3f}")
        if line.validation_loss is not None:
            parts.append(f"validation {line.validation_loss:.3f}")
        left = line.left(now)
        if left is not None:
            parts.append(f"{_duration(left)} left")
        return ", ".join(parts)

    def _table(self) -> Table:
        now = time.monotonic()
        table = Table(caption=self._time_left(now), caption_justify="left", box=box.SIMPLE_HEAD)
        for column in ("cell", "status", "progress", "time"):
            table.add_column(column)
        for line in _worth_showing(list(self._lines.values())):
            status = line.phase if line.state == "running" and line.phase else line.state
            seconds = now - line.began if line.state == "running" else line.took
            table.add_row(escape(line.label), status, self._detail(line, now) if line.phase else "", _duration(seconds) if seconds else "")
        return table

    def _time_left(self, now: float) -> str:
        """An estimate from the cells that have ended: each one waiting takes as long as those of its kind did."""
        took = [line.took for line in self._lines.values() if line.took]
        waiting = sum(line.state == "waiting" for line in self._lines.values())
        if not took or not waiting:
            return ""
        ended = len(self._lines) - waiting - sum(line.state == "running" for line in self._lines.values())
        trained = [line.took for line in self._lines.values() if line.took and line.cell.seed is not None] or took
        running = sum(line.left(now) or 0.0 for line in self._lines.values() if line.state == "running")
        return f"{ended} of {len(self._lines)} cells, about {_duration(running + waiting * sum(trained) / len(trained))} left"


def _worth_showing(lines: Sequence[_Line]) -> Sequence[_Line]:
    """All lines of a small grid; of a large one what runs, and what stands just before and behind it."""
    at = [i for i, line in enumerate(lines) if line.state == "running"] or [0]
    return lines if len(lines) <= _MANY else lines[max(0, at[0] - _MANY // 2) : at[-1] + _MANY // 2]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
