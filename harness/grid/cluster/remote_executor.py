"""The executor for cells on other machines: it follows their streams of events, and receives their files."""

from __future__ import annotations

import queue
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from harness.engine.models import model_files
from harness.errors import BenchError
from harness.grid.cluster.node_cell import RUN, Delivery, plugin_path
from harness.grid.execution import Event, Job, store_failure
from harness.store import PART_BYTES, FilePart, ReceivedCell, RunFolder, make_private_folder, read_cell_inputs, read_parts

_PATIENCE_SECONDS = 10.0  # for cells that are cancelled, to delete what they have of the run
# Until a machine that is out of reach has given up: Ray's nodes end themselves a minute after they have lost the head of the cluster.
_GIVE_UP_SECONDS = 90.0
_VISIBLE_SECONDS = 90.0  # for network file systems, which remember for up to a minute that a file does not exist


class MachineLostError(Exception):
    """The machine that ran a cell is gone. The text says why, as the end of a sentence.

    Args:
        may_go_on: whether it may only be out of reach, and go on with the cell for a while.
    """

    def __init__(self, reason: str, *, may_go_on: bool = False) -> None:
        super().__init__(reason)
        self.may_go_on = may_go_on


class MachineMemoryError(Exception):
    """The machine has ended a cell because it had no more memory. The text is a sentence about it."""


class CellStream(Protocol):
    """A cell on another machine: what `run_cell` yields there.

    Iterating raises `MachineLostError`, `MachineMemoryError`, or `BenchError` if the cell could not be run.
    """

    def __iter__(self) -> Iterator[Any]: ...

    def cancel(self, *, force: bool) -> None:
        """End the cell; with `force`, without waiting for it."""


class Transport(Protocol):
    """A cluster."""

    def submit(self, delivery: Delivery) -> CellStream:
        """Run a cell on a machine that is free."""

    def put(self, parts: list[FilePart]) -> Any:
        """Make parts of files available to all machines; returns the reference that they get them by."""


class RemoteExecutor:
    """Runs cells on the machines of a cluster. `close` ends those that are still running."""

    def __init__(self, transport: Transport, versions: Mapping[str, str]) -> None:
        """
        Args:
            versions: those that every machine must have.
        """
        self._transport, self._versions = transport, versions
        self._marker = f"work/.shared-{secrets.token_hex(16)}"
        self._events: queue.SimpleQueue[Event | Exception] = queue.SimpleQueue()
        self._events.put({"event": "ready"})
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._running: dict[str, tuple[threading.Thread, CellStream | None]] = {}
        self._models: dict[str, list[Any]] = {}  # references to the parts of each model that a machine has asked for
        self._sends_run = False  # whether a machine has asked for the files of the run
        self._closed = threading.Event()
        self._not_before: dict[str, float] = {}  # by cell, when no lost machine writes into its folder any more; of the monotonic clock

    def start(self, job: Job) -> None:
        marker = Path(job.run) / self._marker
        if not marker.exists():
            make_private_folder(marker.parent)
            marker.touch()
        thread = threading.Thread(target=self._follow, args=(job,), daemon=True)
        self._running[job.cell] = thread, None
        thread.start()

    def events(self) -> Iterator[Event]:
        while True:
            event = self._events.get()
            if isinstance(event, Exception):
                raise event
            yield event

    def close(self) -> None:
        """End the cells that are still running, and wait until they have."""
        with self._lock:
            self._closed.set()
            running = list(self._running.values())
        for force in (False, True):
            for thread, stream in running:
                if stream is not None and thread.is_alive():
                    stream.cancel(force=force)
            deadline = time.monotonic() + _PATIENCE_SECONDS
            for thread, _ in running:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _follow(self, job: Job) -> None:
        """In a thread: run a cell, and report its last event."""
        if self._closed.wait(max(0.0, self._not_before.pop(job.cell, 0.0) - time.monotonic())):
            return
        try:
            last = self._run(job)
        except MachineLostError as error:
            last = {"event": "lost", "reason": str(error)}
        except MachineMemoryError as error:
            store_failure(RunFolder(Path(job.run)), job.cell, "out-of-memory", str(error))
            last = {"event": "exit", "code": 1}
        except (BenchError, OSError) as error:
            last = {"event": "stop", "reason": str(error).rstrip(".")}
        except Exception as error:  # a bug, which the thread of the run must show
            self._events.put(error)
            return
        with self._lock:
            self._running.pop(job.cell, None)
        self._events.put({**last, "cell": job.cell})

    def _run(self, job: Job) -> Event:
        """Run a cell, sending what its machine asks for; returns the last event."""
        while True:
            event = self._run_on_machine(job)
            if event["event"] != "needs":
                return event
            with self._sending:  # one thread sends a model, and the others wait
                for need in event["needs"]:
                    self._send(job, need)

    def _run_on_machine(self, job: Job) -> Event:
        received = ReceivedCell(RunFolder(Path(job.run)), job.cell)
        last: Event | None = None
        sees_run = False
        try:
            for item in self._submit(job):
                if not isinstance(item, Mapping):
                    received.write(item)
                elif item["event"] == "placed":
                    sees_run = item["sees_run"]
                elif item["event"] in ("exit", "stop", "needs"):
                    last = item
                else:
                    self._events.put(item)
            if last is None:
                raise MachineLostError("its machine sent no result")
            if last["event"] == "exit" and not last["divides"]:
                if last["sent"]:
                    received.accept()
                else:
                    _wait_until_visible(RunFolder(Path(job.run)).cell(job.cell).result_file)
        except MachineLostError as error:
            if sees_run and error.may_go_on:
                self._not_before[job.cell] = time.monotonic() + _GIVE_UP_SECONDS
            raise
        finally:
            received.discard()
        return last

    def _submit(self, job: Job) -> CellStream:
        files = dict(self._models)
        if self._sends_run:
            files[RUN] = self._put(chain(read_cell_inputs(RunFolder(Path(job.run)), job.cell), _read_plugins(job)))
        stream = self._transport.submit(Delivery(job, self._versions, self._marker, files))
        with self._lock:
            if self._closed.is_set():
                stream.cancel(force=True)
            self._running[job.cell] = threading.current_thread(), stream
        return stream

    def _send(self, job: Job, need: str) -> None:
        """Send what a machine needs from now on, to all machines."""
        if need == RUN:
            self._sends_run = True
        elif need not in self._models:
            folder = Path(job.model_folder if need == job.model_digest else str(job.support_model["folder"]))
            self._models[need] = self._put(read_parts(folder, [file.name for file in model_files(folder)]))

    def _put(self, parts: Iterable[FilePart]) -> list[Any]:
        """Make parts of files available, small ones together."""
        references, waiting, size = [], [], 0
        for part in parts:
            waiting.append(part)
            size += len(part[1])
            if size >= PART_BYTES:
                references.append(self._transport.put(waiting))
                waiting, size = [], 0
        return [*references, self._transport.put(waiting)]


def _wait_until_visible(file: Path) -> None:
    """Wait for a file that another machine has written to a shared folder: network file systems show it after a while.

    Raises:
        MachineLostError: it does not appear.
    """
    deadline = time.monotonic() + _VISIBLE_SECONDS
    while not file.is_file():
        if time.monotonic() > deadline:
            raise MachineLostError(f"its machine has written {file.name} to a folder that is not the run's")
        time.sleep(0.5)


def _read_plugins(job: Job) -> Iterator[FilePart]:
    for number, path in enumerate(job.plugins):
        yield plugin_path(number, path), Path(path).read_bytes()
