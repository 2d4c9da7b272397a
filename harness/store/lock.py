"""File locks: on a run, so that two processes never work on it at once, and on files that processes change in turn."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from harness.errors import BenchError, setting


class RunLock:
    """An advisory lock on a run folder.

    The kernel holds it (flock), so it ends with its process, however that ends. The file's content only names the process, for messages.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".lock"
        self._handle: int | None = None

    def __enter__(self) -> RunLock:
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise BenchError(f"{self._path}: cannot be written: {error.strerror}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 4096).decode("utf-8", "replace")
            os.close(handle)
            raise BenchError(f"{self._path.parent}: is in use by {_describe(holder)}. Wait for it to finish, or stop it.") from None
        except OSError as error:
            os.close(handle)
            advice = f"Choose another folder with {setting('runs_dir', 'DIR')}."
            raise BenchError(f"{self._path}: this file system cannot lock files ({error.strerror}). {advice}") from None
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps({"pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}).encode())
        self._handle = handle
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def is_held_by_other(self) -> bool:
        """Whether another process holds the lock right now."""
        try:
            handle = os.open(self._path, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared, so that several processes can look at the same time
        except OSError:
            return True
        finally:
            os.close(handle)
        return False


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file; wait until other processes release it. The kernel releases it when the process ends.

    Raises:
        BenchError: the file cannot be written or locked.
    """
    try:
        file = path.open("a")
    except OSError as error:
        raise BenchError(f"{path}: cannot be written: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            raise BenchError(f"{path}: this file system cannot lock files ({error.strerror})") from None
        yield


def _describe(holder: str) -> str:
    try:
        process = json.loads(holder)
        return f"process {process['pid']} since {process['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"
