"""The executor of this machine: processes that a server forks, or that are started one by one where a process cannot fork.

The server is a new Python process, or the command itself, forked (`ForkedCommand`).
"""

from __future__ import annotations

import json
import os
import queue
import selectors
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from typing import TypeAlias

from harness.engine.models import Device, ModelSource, load_tokenizer
from harness.errors import BenchError
from harness.grid.execution import fork_server
from harness.grid.execution.forked_command import ForkedCommand, end_openmp_threads
from harness.grid.execution.job import Event, Job
from harness.grid.execution.visible_devices import VisibleDevices
from harness.measure import usable_cores

_SHUTDOWN_SECONDS = 30
_IMPORT_SECONDS = 120
# On a CPU, matrix products of so many shapes stay prepared, in two caches below torch (ideep's and oneDNN's). By default, 1,024 do: as
# batches differ in length, a cell grew by 14 MB with each (LoRA on the included model: by 240 MB in 18 steps; with 32, by 7 MB).
_KEPT_KERNELS = {"LRU_CACHE_CAPACITY": "32", "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "32"}
# -P: Python files in the working directory are the user's and must not be imported
_PYTHON = (sys.executable, "-P", "-c")
# The parent is watched before the imports, which take seconds: its end must end them, too.
# Events go to what was standard output, which libraries must not print to.
_KEEP_STDOUT = """
import os
events = os.dup(1)
os.dup2(2, 1)
"""
_FORK_SERVER = f"""{_KEEP_STDOUT}
from harness.parent_watch import watching_parent
with watching_parent(0):
    from harness.grid.execution import fork_server
    fork_server.preload()
fork_server.serve(events)
os._exit(0)  # taking all libraries down would take seconds
"""
_SPAWNED_CELL = f"""{_KEEP_STDOUT}
from harness.parent_watch import end_with_parent
end_with_parent(0)
import json, sys
from harness.grid.execution.job import read_job
from harness.grid.execution.worker import run_process
run_process(read_job(json.loads(sys.argv[1])), events)
"""


_chosen_variables: set[str] = set()  # by `prepare_to_fork`


def prepare_to_fork() -> bool:
    """Give this process the variables of a cell that runs alone, as far as the user has not set them, so that it can be forked for cells.

    Returns:
        Whether it can. Not if torch is imported, which has read these variables already, or if a standard stream is closed: pipes of the
        server would take its place.
    """
    if not _can_fork() or "torch" in sys.modules or not _has_standard_streams():
        return False
    chosen = {name: value for name, value in (_KEPT_KERNELS | _threads(1)).items() if name not in os.environ}
    _chosen_variables.update(chosen)
    os.environ.update(chosen)
    return True


@contextmanager
def open_cell_processes(device: Device, at_once: int, *, forks: bool = False, model: ModelSource | None = None) -> Iterator[CellProcesses]:
    """Processes for cells, `at_once` at a time. At the end of the block, those that are still running are killed.

    Args:
        device: that of the run. If it is a GPU, each cell sees only its own.
        forks: fork this process to serve the cells, which run one at a time on a CPU. Only after `prepare_to_fork` has returned True. If
            the threads of this process cannot be ended, a new process serves them.
        model: that of the cells, if all have the same: this process reads its tokenizer before it is forked.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _chosen_variables}
    environment = _KEPT_KERNELS | _threads(at_once) | _cuda_check(device) | inherited
    environment["TOKENIZERS_PARALLELISM"] = "false"
    environment.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")  # what Metal cannot compute is computed on the CPU
    devices = VisibleDevices(device)
    if not _can_fork():
        processes: CellProcesses = _SpawnedProcesses(environment, devices)
    elif forks and _prepare_server(device, at_once, model):
        processes = _ForkedProcesses(ForkedCommand(environment), devices)
    else:
        processes = _ForkedProcesses(_open_process(_FORK_SERVER, environment=environment), devices)
    try:
        yield processes
    finally:
        processes.close()


def _can_fork() -> bool:
    """Whether processes can fork here. Apple's libraries, Metal and Accelerate among them, do not survive it."""
    return hasattr(os, "fork") and sys.platform != "darwin"


def _prepare_server(device: Device, at_once: int, model: ModelSource | None) -> bool:
    """Import and read what a server needs into this process; whether it can be forked then."""
    assert device.kind == "cpu" and at_once == 1
    fork_server.preload()
    if model is not None:
        with suppress(BenchError):  # which the checks of the plan report
            load_tokenizer(model)
    return end_openmp_threads()


def _has_standard_streams() -> bool:
    try:
        for number in range(3):
            os.fstat(number)
    except OSError:
        return False
    return True


def _threads(at_once: int) -> dict[str, str]:
    """The variables for the threads of cells, so many of which run at the same time."""
    return {"OMP_NUM_THREADS": str(max(1, usable_cores() // at_once)), **_openmp_waiting(at_once)}


class _ForkedProcesses:
    """The server forks a process for each cell: no cell repeats the imports, which take seconds."""

    def __init__(self, server: subprocess.Popen[bytes] | ForkedCommand, devices: VisibleDevices) -> None:
        self._server, self._devices = server, devices

    def start(self, job: Job) -> None:
        assert self._server.stdin is not None
        job = replace(job, environment=self._devices.take(job))
        with suppress(BrokenPipeError):  # a server that died has no more events, which the scheduler reports
            self._server.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
            self._server.stdin.flush()

    def wait_until_ready(self) -> None:
        """Wait until cells can start, or the server has ended; no longer than imports may take."""
        assert self._server.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._server.stdout, selectors.EVENT_READ)
            selector.select(_IMPORT_SECONDS)

    def events(self) -> Iterator[Event]:
        assert self._server.stdout is not None
        for line in self._server.stdout:
            event = json.loads(line)
            if event["event"] == "exit":
                self._devices.give_back(event["cell"])
            yield event

    def close(self) -> None:
        assert self._server.stdin is not None and self._server.stdout is not None
        with suppress(BrokenPipeError):
            self._server.stdin.close()  # the server then kills what is still running, and ends
        self._server.stdout.close()
        try:
            self._server.wait(timeout=_SHUTDOWN_SECONDS)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()


class _SpawnedProcesses:
    """Every cell has a Python process that imports everything anew."""

    def __init__(self, environment: dict[str, str], devices: VisibleDevices) -> None:
        self._environment, self._devices = environment, devices
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._events.put({"event": "ready"})
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, job: Job) -> None:
        process = _open_process(_SPAWNED_CELL, json.dumps(asdict(job)), environment=self._environment | self._devices.take(job))
        self._running[job.cell] = process
        threading.Thread(target=self._relay, args=(job.cell, process), daemon=True).start()

    def wait_until_ready(self) -> None:
        """Cells can start at once."""

    def events(self) -> Iterator[Event]:
        while True:
            event = self._events.get()
            if event["event"] == "exit":
                del self._running[event["cell"]]
                self._devices.give_back(event["cell"])
            yield event

    def close(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()

    def _relay(self, cell: str, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None and process.stdout is not None
        with process.stdin, process.stdout:
            for line in process.stdout:
                self._events.put({"cell": cell} | json.loads(line))
            code = process.wait()
        self._events.put({"cell": cell, "event": "exit", "code": code})


CellProcesses: TypeAlias = _ForkedProcesses | _SpawnedProcesses


def _open_process(code: str, *arguments: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A Python process that ends when its standard input is closed."""
    return subprocess.Popen(
        [*_PYTHON, code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        start_new_session=True,  # Ctrl-C reaches only this process, which decides what happens to the cells
    )


def _cuda_check(device: Device) -> dict[str, str]:
    """Where there are GPUs, let imports ask the driver's library whether there are any: CUDA, once initialized, does not survive a fork."""
    return {"PYTORCH_NVML_BASED_CUDA_CHECK": "1"} if device.kind == "cuda" else {}


def _openmp_waiting(at_once: int) -> dict[str, str]:
    """How OpenMP's threads wait for each other; the user's own setting takes precedence.

    Threads that spin for long, the default, make busy processes on few cores much slower than one after the other. Threads that sleep
    at once cost a cell that runs alone a fifth of its speed (LoRA on the tiny model, 2 cores: 320 instead of 253 ms per step). A cell
    that runs alone therefore spins, but only briefly.
    """
    if "OMP_WAIT_POLICY" in os.environ:
        return {}
    return {"GOMP_SPINCOUNT": "30000"} if at_once == 1 else {"OMP_WAIT_POLICY": "PASSIVE"}
