"""A process that has imported the heavy libraries and forks a new process for every cell.

Isolation is cheap in this way: each cell has its own memory and random state, its crash affects no other cell, and no cell repeats the
imports.

Protocol: the parent writes one JSON job per line to standard input. The server writes one event per line to standard output, each with
the cell's id, and `{"event": "exit", "code": …}` when a cell's process has ended. At the end of standard input (the parent is done or
dead), the server kills every process that is still running, so that none writes into a run that a new parent resumes.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import signal
import sys
from dataclasses import dataclass
from typing import Any

from harness.grid.execution.job import Job
from harness.grid.execution.worker import run_job


@dataclass
class _Child:
    cell: str
    pid: int
    unread: bytes = b""  # the beginning of a line that has not arrived completely


def main() -> None:
    """Serve until standard input ends."""
    events = os.dup(1)
    os.dup2(2, 1)  # what a library prints must not get between the events
    _preload()
    _send(events, {"event": "ready"})
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    buffered = b""
    while True:
        for key, _ in selector.select():
            if key.fd == 0:
                received = os.read(0, 1 << 16)
                if not received:
                    _kill_all(selector)
                    return
                *lines, buffered = (buffered + received).split(b"\n")
                for line in lines:
                    _start(json.loads(line), selector, events)
            else:
                _relay(key.fd, key.data, selector, events)


def _preload() -> None:
    """Import what every cell needs, except bitsandbytes and peft, which imports it: it initializes CUDA, which does not survive a fork."""
    import accelerate  # noqa: F401
    import torch
    import transformers.models.auto  # noqa: F401
    from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache  # noqa: F401

    from harness.engine.models import quiet_libraries

    quiet_libraries()
    if torch.version.cuda is None:  # a CPU build has no CUDA to initialize
        import peft  # noqa: F401


def _start(job: dict[str, Any], selector: selectors.BaseSelector, events: int) -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        os.close(events)
        selector.close()
        _run(Job(**job), write)
    os.close(write)
    selector.register(read, selectors.EVENT_READ, _Child(job["cell"], pid))


def _run(job: Job, events: int) -> None:
    """In the child: run the cell, and exit without the server's clean-up."""
    code = 1
    try:
        _die_with_parent()
        folder = os.path.join(job.run, "cells", job.cell)
        os.makedirs(folder, exist_ok=True)
        log = os.open(os.path.join(folder, "log.txt"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        run_job(job, lambda event: _send(events, event))
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _die_with_parent() -> None:
    """On Linux, let the kernel kill this process when the server ends, for whatever reason."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _relay(fd: int, child: _Child, selector: selectors.BaseSelector, events: int) -> None:
    """Pass on the events of a cell's process; at their end, report its exit code."""
    received = os.read(fd, 1 << 16)
    if received:
        *lines, child.unread = (child.unread + received).split(b"\n")
        for line in lines:
            _send(events, {"cell": child.cell} | json.loads(line))
        return
    selector.unregister(fd)
    os.close(fd)
    _, status = os.waitpid(child.pid, 0)
    _send(events, {"cell": child.cell, "event": "exit", "code": os.waitstatus_to_exitcode(status)})


def _kill_all(selector: selectors.BaseSelector) -> None:
    for key in list(selector.get_map().values()):
        if isinstance(key.data, _Child):
            os.kill(key.data.pid, signal.SIGKILL)
            os.waitpid(key.data.pid, 0)


def _send(fd: int, event: Any) -> None:
    view = memoryview(json.dumps(event).encode() + b"\n")
    while view:
        view = view[os.write(fd, view) :]


if __name__ == "__main__":
    main()
