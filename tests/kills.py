"""Kill a command just before its n-th change of a file, or during it. Every change that Python makes is an audit event."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
            changes = kill_at(moment, after)
            try:
                main()
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 0
            except BaseException:
                import traceback

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
