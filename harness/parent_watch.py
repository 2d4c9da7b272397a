"""Ends a process when the process that started it is gone, however that ended.

The parent holds the write end of a pipe and never lets go of it: when the parent ends, the kernel closes it, and the reader meets the end
of the pipe. This works on every system. On Linux, the kernel is also asked to kill the process, which needs no thread of it to run.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_POLL_SECONDS = 0.05


def end_with_parent(pipe: int) -> None:
    """From now on, end this process as soon as the other end of the pipe is closed. Nothing may be written to the pipe."""
    has_death_signal = request_death_signal()
    own = os.dup(pipe)  # which stays open when something else takes the number of the pipe
    try:
        threading.Thread(target=_wait_for_end, args=(own,), name="parent watch", daemon=True).start()
    except RuntimeError:  # no memory, or too many threads
        if not has_death_signal:
            raise


@contextmanager
def watching_parent(pipe: int) -> Iterator[None]:
    """Within the block, end this process as soon as the other end of the pipe is closed or something is written to it.

    After the block, no thread is left, so that the process may fork. Needs a system that can `select` on pipes: every one that can fork.
    """
    request_death_signal()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            if select.select([pipe], [], [], _POLL_SECONDS)[0]:
                os._exit(1)

    thread = threading.Thread(target=watch, name="parent watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _wait_for_end(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os._exit(1)


def request_death_signal() -> bool:
    """On Linux, let the kernel kill this process when the thread that started it ends; whether it will."""
    if sys.platform != "linux":
        return False
    pr_set_pdeathsig = 1
    return bool(ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, signal.SIGKILL) == 0)
