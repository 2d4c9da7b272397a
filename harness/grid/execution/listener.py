"""Who receives the progress of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from harness.grid.execution.job import Event
from harness.store import RunFolder, RunPlan
from harness.types import Cell, HostedForecast


class Listener(Protocol):
    """Receives the progress of a run."""

    def started(self, folder: RunFolder, resumed: bool) -> None:
        """The run's folder is known."""

    def reused(self, cell: Cell, run: str) -> None:
        """A cell was taken from another run."""

    def planned(self, plan: RunPlan) -> None:
        """The cells of the plan have changed: a search continues, or has ended."""

    def event(self, event: Event) -> None:
        """Something happened to a cell: damaged, start, phase, progress, lost, again, trained, apart, stopped, exit; later to its model:
        measuring, phase, measured."""

    def hosted(self, forecast: HostedForecast) -> None:
        """What will be sent to a host, and what it is expected to cost; called before `started`."""

    def tracker(self, text: str, kind: Literal["place", "problem"]) -> None:
        """A tracker says where it shows the run, or has failed and is left out."""


class Listeners:
    """Passes everything on to several listeners, in their order."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners

    def started(self, folder: RunFolder, resumed: bool) -> None:
        for listener in self._listeners:
            listener.started(folder, resumed)

    def reused(self, cell: Cell, run: str) -> None:
        for listener in self._listeners:
            listener.reused(cell, run)

    def planned(self, plan: RunPlan) -> None:
        for listener in self._listeners:
            listener.planned(plan)

    def event(self, event: Event) -> None:
        for listener in self._listeners:
            listener.event(event)

    def hosted(self, forecast: HostedForecast) -> None:
        for listener in self._listeners:
            listener.hosted(forecast)

    def tracker(self, text: str, kind: Literal["place", "problem"]) -> None:
        for listener in self._listeners:
            listener.tracker(text, kind)
