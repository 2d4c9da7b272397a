"""File locks: on a run, so that two processes never work on it at once, and on files that processes change in turn."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from filelock import BaseFileLock, FileLock, Timeout

from harness.errors import BenchError, setting

# Another process may look whether the lock is held, and hold it for a moment to find out.
_PATIENCE_SECONDS = 0.5


class RunLock:
    """A lock on a run folder.

    The kernel holds it, so it ends with its process, however that ends. A second file names the process, for messages.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._holder = folder / ".lock-holder"
        self._lock = _file_lock(folder / ".lock")

    def __enter__(self) -> RunLock:
        path = self._folder / ".lock"
        try:
            self._lock.acquire(timeout=_PATIENCE_SECONDS)
        except Timeout:
            raise BenchError(f"{self._folder}: is in use by {self._describe_holder()}. Wait for it to finish, or stop it.") from None
        except (OSError, NotImplementedError) as error:
            advice = f"Choose another folder with {setting('runs_dir', 'DIR')}."
            raise BenchError(f"{path}: cannot be written or locked: {_reason(error)}. {advice}") from None
        with suppress(OSError):  # it is only needed for a message
            self._holder.write_text(json.dumps({"pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with suppress(OSError):
            self._holder.unlink(missing_ok=True)
        self._lock.release()

    def is_held_by_other(self) -> bool:
        """Whether another process holds the lock right now."""
        if not self._holder.exists():  # released, and nothing is written to a folder that is only read
            return False
        try:
            with self._lock.acquire(timeout=_PATIENCE_SECONDS):
                return False
        except Timeout:
            return True
        except (OSError, NotImplementedError):
            return False

    def _describe_holder(self) -> str:
        try:
            process = json.loads(self._holder.read_bytes())
            return f"process {process['pid']} since {process['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"


@contextmanager
def file_lock(path: Path, *, patience: float | None = None) -> Iterator[None]:
    """Hold an exclusive lock on a file; wait until other processes release it. The kernel releases it when the process ends.

    Args:
        patience: how long to wait, in seconds; None: without a limit.

    Raises:
        BenchError: the file cannot be written or locked, or another process has held it for so long.
    """
    lock = _file_lock(path)
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        in_use = f"is in use: another process has been changing it for {patience:g} seconds"
        raise BenchError(f"{path.parent}: {in_use}. Wait for that process to finish, and run the command again.") from None
    except (OSError, NotImplementedError) as error:
        raise BenchError(f"{path}: cannot be written or locked: {_reason(error)}") from None
    try:
        yield
    finally:
        lock.release()


def _file_lock(path: Path) -> BaseFileLock:
    return FileLock(path, mode=0o600)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
