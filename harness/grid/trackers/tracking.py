"""A run as its trackers see it: events become calls, each tracker in a thread of its own, so that a slow or broken one stops nothing."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal

from harness.errors import first_line
from harness.grid.trackers.cell_values import describe_cell, measure_cell, read_curve, read_point
from harness.grid.trackers.tracked import CurvePoint, RunOutcome, TrackedCell, TrackedRun, Tracker
from harness.results import RunResults
from harness.store import RunFolder, RunPlan
from harness.types import Cell, HostedForecast

# Seconds for what is still to be sent when the run has ended, or was interrupted.
_PATIENCE, _PATIENCE_INTERRUPTED = 60.0, 10.0

TellUser = Callable[[str, Literal["place", "problem"]], None]
_Call = Callable[[Tracker], Any]


class Tracking:
    """A listener that passes a run on to trackers. As a context manager, it ends what it began, also when the run is interrupted.

    Args:
        trackers: those that the user named.
        tell_user: where a person finds the run, and which tracker failed; called in the thread that runs the cells.
    """

    def __init__(self, trackers: Sequence[Tracker], tell_user: TellUser) -> None:
        self._senders = [_Sender(tracker) for tracker in trackers]
        self._tell_user = tell_user
        self._folder: RunFolder | None = None
        self._cells: dict[str, tuple[Cell, TrackedCell]] = {}
        self._started: set[str] = set()  # cells that have started and not ended
        self._last: dict[str, float | None] = {}  # the last validation loss of a cell

    def __enter__(self) -> Tracking:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end(RunOutcome("interrupted"), _PATIENCE_INTERRUPTED)

    def finish(self, outcome: RunOutcome) -> None:
        """Send the outcome of the run, and wait until everything is sent."""
        self._end(outcome, _PATIENCE)

    def _end(self, outcome: RunOutcome, patience: float) -> None:
        if self._folder is None:
            return
        self._folder = None
        self._send(lambda tracker: tracker.end(outcome))
        deadline = time.monotonic() + patience
        for sender in self._senders:
            sender.close(deadline)
        self._pass_messages_on()

    # -- Listener

    def hosted(self, forecast: HostedForecast) -> None: ...

    def started(self, folder: RunFolder, resumed: bool) -> None:
        """Create the run in every tracker; of a resumed one, send again what is finished."""
        self._folder = folder
        plan = folder.plan()
        params = {"tasks": ", ".join(plan.tasks), "models": ", ".join(plan.models), "command": plan.command, "plan": plan.digest}
        run = TrackedRun(folder.path.name, params)
        for sender in self._senders:
            sender.start(run)
        self.planned(plan)
        for cell in plan.all_cells if resumed else ():
            if folder.cell(cell.id).is_finished():
                self._send_finished(cell.id)

    def reused(self, cell: Cell, run: str) -> None:
        """Send the cell, whose result was taken from another run."""
        self._send_finished(cell.id)

    def planned(self, plan: RunPlan) -> None:
        """Learn which cells the run has now."""
        self._cells = {cell.id: (cell, describe_cell(plan, cell)) for cell in plan.all_cells}

    def event(self, event: Mapping[str, Any]) -> None:
        """Send the start, the losses and the end of a cell."""
        _, tracked = self._cells[event["cell"]]
        if event["event"] == "start":
            self._send_start(tracked)
        elif event["event"] == "progress" and event["unit"] == "steps":
            self._send_losses(tracked, event)
        elif event["event"] == "exit":
            self._send_outcome(event["cell"])
        self._pass_messages_on()

    def tracker(self, text: str, kind: Literal["place", "problem"]) -> None:
        """Do nothing: trackers do not learn about one another."""

    def _send_start(self, cell: TrackedCell) -> None:
        """Send the first start of a cell: it starts again to answer once it has trained together with others, or after a failed attempt."""
        if cell.id not in self._started:
            self._started.add(cell.id)
            self._send(lambda tracker: tracker.start_cell(cell))

    def _send_losses(self, cell: TrackedCell, event: Mapping[str, Any]) -> None:
        point = read_point(event["done"], event, known=self._last.get(cell.id))
        self._last[cell.id] = event.get("validation_loss")
        for sender in self._senders:
            sender.log(cell, point)

    def _send_finished(self, cell_id: str) -> None:
        assert self._folder is not None
        _, tracked = self._cells[cell_id]
        self._send_start(tracked)
        for sender in self._senders:
            for point in read_curve(self._folder.cell(cell_id)):
                sender.log(tracked, point)
        self._send_outcome(cell_id)

    def _send_outcome(self, cell_id: str) -> None:
        assert self._folder is not None
        cell, tracked = self._cells[cell_id]
        outcome = measure_cell(RunResults(self._folder), cell)
        self._started.discard(cell_id)
        self._send(lambda tracker: tracker.end_cell(tracked, outcome))

    def _send(self, call: _Call) -> None:
        for sender in self._senders:
            sender.call(call)

    def _pass_messages_on(self) -> None:
        for sender in self._senders:
            for text, kind in sender.take_messages():
                self._tell_user(text, kind)


class _Sender:
    """One tracker and its thread. After its first error it is left out: the run matters more."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._work: queue.SimpleQueue[_Call | tuple[TrackedCell, CurvePoint] | None] = queue.SimpleQueue()
        self._messages: queue.SimpleQueue[tuple[str, Literal["place", "problem"]]] = queue.SimpleQueue()
        self._failed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"tracker {tracker.name}", daemon=True)

    def start(self, run: TrackedRun) -> None:
        def begin(tracker: Tracker) -> None:
            self._messages.put((f"{tracker.name}: {tracker.start(run)}", "place"))

        self._work.put(begin)
        self._thread.start()

    def call(self, call: _Call) -> None:
        if not self._failed.is_set():
            self._work.put(call)

    def log(self, cell: TrackedCell, point: CurvePoint) -> None:
        if not self._failed.is_set():
            self._work.put((cell, point))

    def close(self, deadline: float) -> None:
        """Wait until everything is sent, but not longer than until this reading of the monotonic clock."""
        self._work.put(None)
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._thread.is_alive():
            reason = "not everything was sent in time; the run's folder has all of it"
            self._messages.put((f"{self._tracker.name}: {reason}", "problem"))

    def take_messages(self) -> list[tuple[str, Literal["place", "problem"]]]:
        messages = []
        with suppress(queue.Empty):
            while True:
                messages.append(self._messages.get_nowait())
        return messages

    def _run(self) -> None:
        waiting: list[_Call | tuple[TrackedCell, CurvePoint] | None] = []
        try:
            while True:
                waiting += [self._work.get(), *self._rest()]
                while waiting:
                    first = waiting.pop(0)
                    if first is None:
                        return
                    if callable(first):
                        first(self._tracker)
                    else:
                        self._tracker.log(first[0], [first[1], *_take_points(waiting, first[0])])
        except BaseException as error:  # a library of another project, which may even exit
            self._failed.set()
            reason = f"{type(error).__name__}: {first_line(error)}"
            self._messages.put((f"{self._tracker.name}: {reason}. The run continues without it", "problem"))

    def _rest(self) -> list[_Call | tuple[TrackedCell, CurvePoint] | None]:
        rest = []
        with suppress(queue.Empty):
            while True:
                rest.append(self._work.get_nowait())
        return rest


def _take_points(waiting: list[Any], cell: TrackedCell) -> list[CurvePoint]:
    """Remove the points of this cell from the head of what waits: one request sends them all."""
    points = []
    while waiting and isinstance(waiting[0], tuple) and waiting[0][0].id == cell.id:
        points.append(waiting.pop(0)[1])
    return points
