"""A sign of life where there is no terminal: a line whenever nothing was printed for some seconds."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

QUIET_SECONDS = 5.0  # the longest time without a line
PROGRESS_SECONDS = 4.0  # between two lines of progress; less, so that the heartbeat is silent where there is progress

# Held while something is reported: what the thread holds of the console meanwhile would stay locked in a process that is forked.
_reporting = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_reporting.acquire, after_in_parent=_reporting.release, after_in_child=_reporting.release)


class Heartbeat:
    """Calls `report` from a thread of its own whenever `quiet` seconds have passed since the last call of `reset`.

    Args:
        report: receives the seconds since the start.
    """

    def __init__(self, report: Callable[[float], None], *, quiet: float = QUIET_SECONDS) -> None:
        self._report, self._quiet = report, quiet
        self._start = self._last = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    @property
    def is_started(self) -> bool:
        """Whether it was started, even if it has stopped since."""
        return self._thread.ident is not None

    def start(self) -> None:
        """Start to report."""
        self._start = self._last = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Report no more; does nothing if it was not started."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def reset(self) -> None:
        """Something was printed."""
        self._last = time.monotonic()

    def _beat(self) -> None:
        wait = self._quiet
        while not self._ended.wait(max(wait, 0.0)):
            now = time.monotonic()
            if now - self._last >= self._quiet:
                self._last = now
                with _reporting:
                    self._report(now - self._start)
            wait = self._last + self._quiet - now
