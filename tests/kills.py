"""Commands in forked processes, which repeat no imports, so that hundreds of them can be killed.

A command can be killed just before its n-th change of a file, or a moment after it. Every change that Python makes is an audit event.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from threadpoolctl import threadpool_limits

_CHANGES = frozenset({
    "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.utime", "shutil.rmtree",
    "sqlite3.connect",
})  # fmt: skip


@dataclass(frozen=True)
class Killed:
    """How a command ended: its exit code, negative for a signal; its output; the number of changes that it made, if it completed."""

    code: int
    output: str
    changes: int

    @property
    def completed(self) -> bool:
        return self.code >= 0


def is_change(event: str, arguments: Sequence[object]) -> bool:
    """Whether an audit event is a change of a file, or opens one for it."""
    if event == "open":
        _, mode, flags = arguments[:3]
        if isinstance(mode, str):
            return any(letter in mode for letter in "wax+")
        return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return event in _CHANGES


def kill_at(moment: int, after: float = 0.0) -> list[str]:
    """In this process: die by a signal `after` seconds after the n-th change, counted from 1; before it if that is 0.

    Returns:
        The list that the changes are added to.
    """
    changes: list[str] = []

    def hook(event: str, arguments: Sequence[object]) -> None:
        if not is_change(event, arguments):
            return
        changes.append(event)
        if len(changes) != moment:
            return
        if after:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the kernel ends the process: no Python code runs any more
            signal.setitimer(signal.ITIMER_REAL, after)
        else:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return changes


def call_and_kill(main: Callable[[], None], arguments: Sequence[str], folder: Path, moment: int, after: float = 0.0) -> Killed:
    """`main` with these arguments in a forked process that is killed at a moment; 0 lets it complete."""
    output = folder / ".output"
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            os.chdir(folder)
            os.environ["BENCH_CACHE_DIR"] = str(folder / ".cache")
            handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(handle, 1)
            os.dup2(handle, 2)
            sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
            sys.argv = ["bench", *arguments]
            threadpool_limits(1)  # OpenMP's threads are not in a forked process, which would wait for them for ever
            changes = kill_at(moment, after)
            try:
                main()
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 0
            except BaseException:
                traceback.print_exc()
            os.write(write, str(len(changes)).encode())
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)
    os.close(write)
    with open(read, "rb") as pipe:
        count = int(pipe.read() or 0)
    _, status = os.waitpid(pid, 0)
    text = output.read_text(errors="replace")
    output.unlink()
    return Killed(os.waitstatus_to_exitcode(status), text, count)


class ForkedProcess:
    """What `subprocess.Popen` offers, for a function that runs in a forked process."""

    def __init__(self, function: Callable[[], object], *, stdin: bool = False, stderr: bool = True) -> None:
        pipes = {number: os.pipe() for number, wanted in ((0, stdin), (1, True), (2, stderr)) if wanted}
        self.pid = os.fork()
        self.returncode: int | None = None
        if self.pid == 0:
            self._run(function, pipes)
        for number, (read, write) in pipes.items():
            os.close(read if number == 0 else write)
        self.stdin = open(pipes[0][1], "wb", buffering=0) if stdin else None  # noqa: SIM115
        self.stdout: IO[Any] = open(pipes[1][0], "rb") if stdin else open(pipes[1][0], errors="replace")  # noqa: SIM115
        self.stderr: IO[str] | None = open(pipes[2][0], errors="replace") if stderr else None  # noqa: SIM115

    def _run(self, function: Callable[[], object], pipes: dict[int, tuple[int, int]]) -> None:
        code = 70
        try:
            for number, (read, write) in pipes.items():
                os.dup2(read if number == 0 else write, number)
            os.closerange(3, 4096)  # as with exec: nobody else's pipes
            sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False, buffering=1)  # noqa: SIM115
            try:
                function()
                code = 0
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 0
            except BaseException:
                traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("forked process", timeout or 0)
            time.sleep(0.002)
        return code

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def communicate(self) -> tuple[str, str]:
        """All that is left of its output, and of its errors. The output of a command fits into a pipe."""
        assert self.stderr is not None
        with self.stderr, self.stdout:
            err, out = self.stderr.read(), self.stdout.read()
        self.wait()
        return out, err


def fork_server(code: str, *arguments: str, environment: Mapping[str, str]) -> ForkedProcess:
    """In place of `cell_processes._open_process`: the server without its imports."""

    def serve() -> None:
        from harness.grid.execution import fork_server

        os.environ.update(environment)
        os.setsid()
        events = os.dup(1)
        os.dup2(2, 1)
        fork_server.preload()
        fork_server.serve(events)

    return ForkedProcess(serve, stdin=True, stderr=False)
