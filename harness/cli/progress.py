"""The progress of a run: a live table in a terminal, otherwise plain lines; always on standard error."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from rich import box
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from harness.cli.cell_line import CellLine
from harness.cli.heartbeat import PROGRESS_SECONDS, Heartbeat
from harness.cli.requested_width import requested_width
from harness.cli.time_left import estimate_time_left
from harness.cli.wording import message
from harness.text import plural

if TYPE_CHECKING:
    from harness.results import RunResults
    from harness.store import RunFolder, RunPlan
    from harness.types import Cell, CellForecast, HostedForecast, SearchForecast

# Lines of a live table; a longer one would not fit on a screen.
_MAX_LINES = 16
# What happens before the first cell starts, and between cells.
_READING, _PREPARING = "Reading the data and the model", "Preparing the next step"
_ASKING = "Asking the nodes of the cluster, and reading the data and the model"


class RunDisplay:
    """Listens to a run and shows its progress."""

    def __init__(self, console: Console | None = None, *, on_cluster: bool = False) -> None:
        """
        Args:
            on_cluster: the cells run on a cluster, whose nodes are asked first what they are.
        """
        self._console = console or Console(stderr=True, highlight=False, emoji=False)
        self._lines: dict[str, CellLine] = {}
        self._live: Live | None = None
        self._folder: RunFolder | None = None
        self._forecasts: Mapping[str, CellForecast] = {}  # by cell, until they are shown
        self._search_forecast: SearchForecast | None = None  # until it is shown
        self._most_running = 1
        self._has_devices = on_cluster  # whether cells that run at once have devices of their own
        self._heartbeat = Heartbeat(self._report_silence)
        self._current = self._first = _ASKING if on_cluster else _READING

    def __enter__(self) -> RunDisplay:
        if self._console.is_terminal:
            self._say(f"{self._first} …")
        else:
            self._heartbeat.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._heartbeat.stop()
        if self._live is not None:
            self._live.update(self._table())
            self._live.stop()

    def started(self, folder: RunFolder, resumed: bool) -> None:
        """Show what the run will do, and what was found in the data."""
        self._folder, self._current = folder, _PREPARING
        plan = folder.plan()
        self._has_devices |= plan.options.get("device") == "cuda"
        self._add_lines(plan)
        self._say(f"{'Resuming' if resumed else 'Run'} {folder.path}: {plural(len(plan.all_cells), 'cell')}")
        self._forecasts, self._search_forecast = plan.forecasts, None if plan.trials else plan.search_forecast
        for name, report in plan.data.items():
            sizes = ", ".join(f"{count} {split}" for split, count in report.sizes.items())
            self._say(f"{name}: {sizes}")
            for warning in report.warnings:
                self._say(f"{name}: warning: {warning}")
        if self._console.is_terminal:
            self._live = Live(self._table(), console=self._console, refresh_per_second=4, get_renderable=self._table)
            self._live.start()

    def hosted(self, forecast: HostedForecast) -> None:
        """Show what will be sent to a host, and what it is expected to cost."""
        from harness.reporting import describe_hosted_forecast

        for line in describe_hosted_forecast(forecast):
            self._say(line)

    def _show_forecast(self, event: str) -> None:
        """Show, once, how long the cells take that have no result yet, neither of their own nor of another run.

        Where cells have devices of their own, this waits until as many have started as run at once.
        """
        starts = event == "start"
        if starts == self._has_devices or not (starts or any(line.state == "running" for line in self._lines.values())):
            return
        unfinished = {cell for cell, line in self._lines.items() if line.state in ("waiting", "running")}
        waiting = [each for cell, each in self._forecasts.items() if cell in unfinished]
        self._forecasts = {}
        if waiting:
            from harness.reporting import describe_run_forecast

            for line in describe_run_forecast(waiting, self._most_running if self._has_devices else 1):
                self._say(line)
        if self._search_forecast is not None:
            from harness.reporting import describe_search_forecast

            self._say(describe_search_forecast(self._search_forecast))
            self._search_forecast = None

    def reused(self, cell: Cell, run: str) -> None:
        """Show that a cell was taken from another run."""
        line = self._lines[cell.id]
        line.state = "reused"
        self._say(f"{line.label}: reused from {run}")

    def planned(self, plan: RunPlan) -> None:
        """Show the cells that the run has now."""
        self._add_lines(plan)

    def _add_lines(self, plan: RunPlan) -> None:
        """Give each cell of the plan a line: those that had one keep it, and those that are no longer planned lose theirs."""
        assert self._folder is not None
        lines = {
            cell.id: self._lines.get(cell.id)
            or CellLine(cell, plan.cell_label(cell), plan.get_strategy(cell).train is not None, cell.id in plan.trials)
            for cell in plan.all_cells
        }
        for cell_id, forecast in plan.forecasts.items():
            if cell_id in lines:
                lines[cell_id].forecast, lines[cell_id].answer_forecast = forecast.seconds, forecast.answer_seconds.value
        for line in lines.values():
            if line.state == "waiting" and self._folder.cell(line.cell.id).is_finished():
                line.state = self._folder.cell(line.cell.id).result().status
        self._lines = lines

    def event(self, event: Mapping[str, Any]) -> None:
        """Show an event of a cell: damaged, start, phase, progress, retry, lost, again, trained, apart or exit."""
        line, now = self._lines[event["cell"]], time.monotonic()
        kind = event["event"]
        self._show_forecast(kind)
        if kind == "damaged":
            self._say(f"{line.label}: runs again: {event['problem']}")
        elif kind in ("lost", "again", "trained", "apart"):
            self._wait_again(line, event)
        elif kind == "stopped":
            line.state, line.phase, self._current = "incomplete", "", _PREPARING
            self._say(f"{line.label}: incomplete: {event['reason']}")
        elif kind == "start":
            line.state, line.started, line.together = "running", now, event.get("together", 1)
            alone = [each for each in self._lines.values() if each.state == "running" and each.together == 1]
            self._most_running = max(self._most_running, len(alone))
        elif kind in ("measuring", "asking"):
            what = "measuring its speed" if kind == "measuring" else "asking the server"
            self._current, line.state = f"{line.label}: {what}", kind
        elif kind == "measured":
            self._finish_measurement(line)
        elif kind == "asked":
            self._finish_questions(line)
        elif kind == "phase":
            line.phase, line.phase_started, line.done, line.total = event["phase"], now, 0, 0
            self._current = f"{line.label}: {line.phase}"
            self._report(line, now, line.phase)
        elif kind == "progress":
            line.done, line.total, line.unit = event["done"], event["total"], event["unit"]
            line.loss, line.validation_loss = event.get("loss"), event.get("validation_loss")
            line.tokens_per_second = event.get("tokens_per_second")
            if now - line.last_line > PROGRESS_SECONDS:
                self._report(line, now, f"{line.phase} {self._detail(line, now)}")
        elif kind == "retry":
            self._report_retry(line, now, event)
        elif kind == "exit":
            self._finish(line, now)

    def tracker(self, text: str, kind: Literal["place", "problem"]) -> None:
        """Show where a tracker shows the run, or that it failed."""
        self._say(text if kind == "place" else f"warning: {text}")

    def summary(self, run: RunResults) -> None:
        """Print the results as a table, and where the report is."""
        from harness.reporting import print_run

        print_run(run, self._console, requested_width())
        self._say(f"Report: {run.folder.report}")

    def _finish(self, line: CellLine, now: float) -> None:
        from harness.reporting import note_sentence

        assert self._folder is not None
        result = self._folder.cell(line.cell.id).result()
        line.state, line.duration, line.phase = result.status, now - line.started, ""
        self._current = _PREPARING
        text = f"{line.label}: {result.status} after {_duration(line.duration)}"
        self._say(text + (f": {result.error}" if result.error else ""))
        for note in result.notes:
            self._say(f"{line.label}: {note_sentence(note)}")
        if self._live is None and (left := self._time_left(now)):
            self._say(left)

    def _wait_again(self, line: CellLine, event: Mapping[str, Any]) -> None:
        """Show that a cell has trained together with others and has yet to answer, that it trains alone, or that it runs again."""
        line.state, line.phase, line.together = "waiting", "", 1
        if event["event"] == "trained":
            line.trains, line.forecast = False, line.answer_forecast
            others = event["together"] - 1
            self._say(f"{line.label}: trained" + (f" together with {others} other{'s' if others > 1 else ''}" if others else ""))
            return
        self._say(f"{line.label}: {'trains alone' if event['event'] == 'apart' else 'runs again'}: {event['reason']}")

    def _finish_measurement(self, line: CellLine) -> None:
        from harness.reporting import describe_measured_speed

        assert self._folder is not None
        result = self._folder.cell(line.cell.id).result()
        line.state, line.phase, self._current = result.status, "", _PREPARING
        self._say(f"{line.label}: {describe_measured_speed(result.serving)}")

    def _finish_questions(self, line: CellLine) -> None:
        from harness.reporting import describe_served_answers

        assert self._folder is not None
        result = self._folder.cell(line.cell.id).result()
        line.state, line.phase, self._current = result.status, "", _PREPARING
        if result.served is not None:
            self._say(f"{line.label}: {describe_served_answers(result.served)}")

    def _report(self, line: CellLine, now: float, text: str) -> None:
        """Print progress where there is no live table."""
        if self._live is None:
            self._say(f"{line.label}: {text}")
        line.last_line = now

    def _report_retry(self, line: CellLine, now: float, event: Mapping[str, Any]) -> None:
        """Print what a host answers, in a terminal too: at once, then as often as other progress, as many requests may fail at once."""
        if now - line.last_retry > PROGRESS_SECONDS:
            from harness.reporting import describe_retry

            line.last_retry = now
            self._say(f"{line.label}: {describe_retry(event['problem'], event['attempt'], event['attempts'], event['wait'])}")

    def _report_silence(self, seconds: float) -> None:
        self._say(f"{self._current}, {_duration(seconds)} since the start")

    def _say(self, text: str) -> None:
        self._console.print(escape(message(" ".join(text.splitlines()))), soft_wrap=True)
        self._heartbeat.reset()

    def _detail(self, line: CellLine, now: float) -> str:
        parts = [f"{line.done}/{line.total} {line.unit}"] if line.total else []
        if line.loss is not None:
            parts.append(f"loss {line.loss:.3f}")
        if line.validation_loss is not None:
            parts.append(f"validation {line.validation_loss:.3f}")
        if line.tokens_per_second:
            parts.append(f"{line.tokens_per_second:,.0f} tokens/s")
        remaining = line.remaining(now)
        if remaining is not None:
            parts.append(f"{_duration(remaining)} left")
        return ", ".join(parts)

    def _table(self) -> Table:
        now = time.monotonic()
        table = Table(caption=self._time_left(now), caption_justify="left", box=box.SIMPLE_HEAD)
        for column in ("cell", "status", "progress", "time"):
            table.add_column(column)
        for line in _visible_lines(list(self._lines.values())):
            status = line.phase if line.state == "running" and line.phase else line.state
            seconds = now - line.started if line.state == "running" else line.duration
            table.add_row(escape(line.label), status, self._detail(line, now) if line.phase else "", _duration(seconds) if seconds else "")
        return table

    def _time_left(self, now: float) -> str:
        """How many cells have ended, and how long the others take; empty before the first has ended, and after the last.

        During a search, which trials follow depends on those before.
        """
        lines = list(self._lines.values())
        ended = sum(line.state not in ("waiting", "running") for line in lines)
        if not ended or ended == len(lines):
            return ""
        done = f"{ended} of {plural(len(lines), 'cell')} finished"
        searching = any(line.is_trial and line.state in ("waiting", "running") for line in lines)
        left = None if searching else estimate_time_left([line.time(now) for line in lines if not line.is_trial], self._most_running)
        return done if left is None else f"{done}, about {_duration(left)} left"


def _visible_lines(lines: Sequence[CellLine]) -> Sequence[CellLine]:
    """All lines of a small grid; of a large one the running cells and their neighbours."""
    running = [i for i, line in enumerate(lines) if line.state == "running"] or [0]
    return lines if len(lines) <= _MAX_LINES else lines[max(0, running[0] - _MAX_LINES // 2) : running[-1] + _MAX_LINES // 2]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
