"""A command that forks itself to serve cells: its own imports are also those of the cells, and are not repeated in a second process.

Only a process in which nothing else runs may do this: a forked process has no threads but the one that forked it. OpenMP would wait for
those that it had before, for ever, so that they are ended first.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Mapping

from threadpoolctl import threadpool_info

from harness.grid.execution import fork_server
from harness.parent_watch import request_death_signal

_POLL_SECONDS = 0.02
_PAUSE_HARD = 2  # of OpenMP 5.0, section 3.2.44: give all threads and their memory back; they start again when they are needed


def end_openmp_threads() -> bool:
    """End the threads of OpenMP that wait for work, such as those of torch after it has converted a model; whether all have ended."""
    runtimes = [library["filepath"] for library in threadpool_info() if library["user_api"] == "openmp"]
    try:
        return all(ctypes.CDLL(path).omp_pause_resource_all(_PAUSE_HARD) == 0 for path in runtimes)
    except (OSError, AttributeError):  # a runtime from before OpenMP 5.0
        return False


class ForkedCommand:
    """This process, forked, as the server of cells. It has what `subprocess.Popen` offers to the executor.

    Attributes:
        stdin: takes jobs.
        stdout: gives events.
        returncode: of the server; None while it runs.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        """
        Args:
            environment: the variables of the server.

        Raises:
            OSError: no process can be started.
        """
        jobs, events = os.pipe(), os.pipe()
        sys.stdout.flush()  # else the server has a copy of what is not yet written
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12 about threads: none holds what the server needs
            self._pid = os.fork()
        if self._pid == 0:
            _serve(jobs, events, environment)
        os.close(jobs[0])
        os.close(events[1])
        self.stdin = open(jobs[1], "wb")  # noqa: SIM115
        self.stdout = open(events[0], "rb")  # noqa: SIM115
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """
        Raises:
            subprocess.TimeoutExpired: the server still runs after so many seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            pid, status = os.waitpid(self._pid, 0 if deadline is None else os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
            elif deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("the server of cells", timeout or 0.0)
            else:
                time.sleep(_POLL_SECONDS)
        return self.returncode

    def kill(self) -> None:
        """Kill the server, which then has to be waited for."""
        os.kill(self._pid, signal.SIGKILL)


def _serve(jobs: tuple[int, int], events: tuple[int, int], environment: Mapping[str, str]) -> None:
    """In the forked process: let go of what belongs to the command, and serve until there are no more jobs."""
    try:
        request_death_signal()
        os.setsid()  # Ctrl-C reaches only the command, which decides what happens to the cells
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.close(jobs[1])
        os.close(events[0])
        os.dup2(jobs[0], 0)
        os.close(jobs[0])
        os.dup2(2, 1)  # events have a pipe of their own, which libraries must not print to
        if not sys.flags.safe_path:  # as python -P: the folder of the script, or of the user, whose Python files must not be imported
            del sys.path[0]
        os.environ.update(environment)
        fork_server.serve(events[1])
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)  # never back into the command
