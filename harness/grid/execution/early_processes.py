"""Processes for cells that start while their run is still being planned: what they import takes seconds, which then hold up nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType

from harness.engine.models import Device, ModelSource
from harness.grid.execution.cell_processes import CellProcesses, open_cell_processes
from harness.grid.execution.cells_at_once import check_devices_per_cell, choose_cells_at_once
from harness.grid.execution.executor import Executor
from harness.measure import usable_cores

# Of the examples of a run: a process that is forked while it holds more of them would keep them in memory for all of the run.
_MOST_CHARACTERS = 10_000_000


class EarlyProcesses:
    """Starts the processes of a run before it is known which cells need them. Those that no cell has used end with the block.

    Args:
        jobs, devices_per_cell: as for `execute`.
        forks: this process may be forked to serve cells, see `prepare_to_fork`.
    """

    def __init__(self, jobs: int | None, devices_per_cell: int, *, forks: bool = False) -> None:
        self._jobs, self._devices_per_cell, self._forks = jobs, devices_per_cell, forks
        self._started: tuple[Device, int, CellProcesses] | None = None
        self._opened = ExitStack()

    def __enter__(self) -> EarlyProcesses:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._opened.close()

    def start(self, device: Device, cells: int, characters: int = 0, model: ModelSource | None = None) -> None:
        """Start the processes of a run with so many cells on this device.

        A new process imports what it needs beside this one, by which nothing is gained with one core: it starts with the first cell.

        Args:
            characters: of the examples that this process holds.
            model: of all cells, if there is only one. If this process is forked, it reads the tokenizer for all of them; those of several
                models would be in the memory of each cell.

        Raises:
            BenchError: the device cannot run cells as they were asked for.
        """
        check_devices_per_cell(self._devices_per_cell, device)
        at_once = choose_cells_at_once(self._jobs, device, self._devices_per_cell, shares_device=device.kind == "cpu")
        at_once = min(at_once, cells)
        forks = self._forks and device.kind == "cpu" and at_once == 1 and characters <= _MOST_CHARACTERS
        if forks or usable_cores() > 1:
            self._started = device, at_once, self._opened.enter_context(open_cell_processes(device, at_once, forks=forks, model=model))

    def wait(self) -> None:
        """Wait for the imports of what was started, which would distort what is timed meanwhile."""
        if self._started is not None:
            self._started[2].wait_until_ready()

    @contextmanager
    def open(self, device: Device, at_once: int) -> Iterator[Executor]:
        """As `open_cell_processes`: those that were started, if they are for so many cells on this device and were not opened before."""
        started, self._started = self._started, None
        if started is not None and started[:2] == (device, at_once):
            with self._opened.pop_all():
                yield started[2]
            return
        self._opened.close()
        with open_cell_processes(device, at_once) as processes:
            yield processes
