"""A process that has imported the heavy libraries and forks a new process for every cell.

Isolation is cheap in this way: each cell has its own memory and random state, its crash affects no other cell, and no cell repeats the
imports.

Protocol: the parent writes one JSON job per line to standard input. The server writes one event per line to the parent's pipe, each with
the cell's id, and `{"event": "exit", "code": …}` when a cell's process has ended. At the end of standard input (the parent is done or
dead), the server kills every process that is still running, so that none writes into a run that a new parent resumes. If the server
itself is killed, its processes end themselves: they hold the read end of a pipe whose write end only the server has.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
from contextlib import suppress
from dataclasses import dataclass

from harness.garbage import without_garbage_collection
from harness.grid.execution.job import Job, read_job
from harness.grid.execution.system_limits import peak_bytes
from harness.grid.execution.worker import run_process, send_event
from harness.metrics import import_rouge_score
from harness.parent_watch import end_with_parent


@dataclass
class _Child:
    cell: str
    pid: int
    unread: bytes = b""  # the beginning of a line that has not arrived completely


def preload() -> None:
    """Import and prepare what cells need to compute, to score words and to store outputs, except bitsandbytes, and peft, which imports it:
    GPUs that it initializes do not survive a fork. Python no longer looks for garbage among all that this process holds then."""
    with without_garbage_collection():
        import accelerate  # noqa: F401
        import pyarrow.parquet
        import rapidfuzz.distance  # noqa: F401
        import torch
        import transformers.models.auto  # noqa: F401
        from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache  # noqa: F401

        from harness.engine.models import import_peft, quiet_libraries

        quiet_libraries()
        import_rouge_score()
        pyarrow.Table.from_pylist([{"text": ""}])  # the first table imports pandas
        with suppress(Exception):  # a thousand patterns for the names of weights, which are made when the first model is loaded: 0.2 s
            from transformers.conversion_mapping import get_checkpoint_conversion_mapping

            get_checkpoint_conversion_mapping("llama")
        if torch.version.cuda is None and torch.version.hip is None:  # a CPU build has no GPU to initialize
            import_peft()
        # Nearly all of it lives as long as the process. To look through it takes 0.4 s each time, for 16 of 500 MiB, and copies memory
        # that processes share.
        gc.freeze()


def serve(events: int) -> None:
    """Serve until standard input ends; `events` is the file descriptor that takes the events."""
    gc.freeze()  # also what was read since the imports
    server = _Server(events, os.pipe())
    with suppress(BrokenPipeError):  # the command has ended: its plan has a problem
        send_event(events, {"event": "ready"})
        server.run()


class _Server:
    """The running processes and the pipes from them.

    Args:
        events: the file descriptor that takes the events.
        lifeline: the read and the write end of the pipe by which processes notice that the server is gone.
    """

    def __init__(self, events: int, lifeline: tuple[int, int]) -> None:
        self._events = events
        self._lifeline = lifeline
        self._selector = selectors.DefaultSelector()
        self._selector.register(0, selectors.EVENT_READ)

    def run(self) -> None:
        """Start a process for each job of standard input, until that ends."""
        unread = b""
        while True:
            for key, _ in self._selector.select():
                if key.fd != 0:
                    self._relay(key.fd, key.data)
                    continue
                received = os.read(0, 1 << 16)
                if not received:
                    self._kill_all()
                    return
                *lines, unread = (unread + received).split(b"\n")
                for line in lines:
                    self._start(read_job(json.loads(line)))

    def _start(self, job: Job) -> None:
        try:
            read, write = os.pipe()
            pid = os.fork()
        except OSError as error:  # too many open files, or processes
            send_event(self._events, {"cell": job.cell, "event": "stop", "reason": f"no process could be started: {error.strerror}"})
            return
        if pid == 0:
            self._run(job, write, read)
        os.close(write)
        self._selector.register(read, selectors.EVENT_READ, _Child(job.cell, pid))

    def _run(self, job: Job, write: int, read: int) -> None:
        """In the new process: let go of what belongs to the server, and run the cell."""
        try:
            for fd in (read, self._events, self._lifeline[1], *(child.fd for child in self._children())):
                os.close(fd)
            self._selector.close()
            end_with_parent(self._lifeline[0])
            os.environ.update(job.environment)
            run_process(job, write)
        finally:
            os._exit(1)  # never back into the server's loop

    def _relay(self, fd: int, child: _Child) -> None:
        """Pass on the events of a cell's process; at their end, report its exit code."""
        received = os.read(fd, 1 << 16)
        if received:
            *lines, child.unread = (child.unread + received).split(b"\n")
            for line in lines:
                send_event(self._events, {"cell": child.cell} | json.loads(line))
            return
        self._selector.unregister(fd)
        os.close(fd)
        _, status, usage = os.wait4(child.pid, 0)
        end = {"code": os.waitstatus_to_exitcode(status), "peak": peak_bytes(usage)}
        send_event(self._events, {"cell": child.cell, "event": "exit", **end})

    def _children(self) -> list[selectors.SelectorKey]:
        return [key for key in self._selector.get_map().values() if isinstance(key.data, _Child)]

    def _kill_all(self) -> None:
        for key in self._children():
            os.kill(key.data.pid, signal.SIGKILL)
            os.waitpid(key.data.pid, 0)
