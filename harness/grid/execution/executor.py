"""Where cells run, as the run sees it. Planning, search, results and the report do not know which executor a run has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

from harness.grid.execution.job import Event, Job


class Executor(Protocol):
    """Runs cells, each in its own process: on this machine, or on the nodes of a cluster."""

    def start(self, job: Job) -> None:
        """Start a cell; its events follow."""

    def events(self) -> Iterator[Event]:
        """`ready` when cells can start, then the events of each cell with its id.

        A cell that fits no fewer devices sends `divide` with the number of `processes` that are to train it, and has no result at its exit.
        The last event of a cell is one of these:

        - `exit` with the exit code of its process. All files of the cell are in the run folder then.
        - `lost` with a `reason`: the machine that ran it is gone. The cell can be started again.
        - `stop` with a `reason`: the run cannot continue.
        """


OpenExecutor: TypeAlias = Callable[[int], AbstractContextManager[Executor]]
"""Opens an executor for so many cells at a time. At the end of the `with` block, cells that are still running are ended."""
