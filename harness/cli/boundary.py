"""What `bench` shows of an exception that no command has turned into a message: one line, a log file with the traceback, exit code 70.

An error of the operating system, such as a full disk, is the user's to solve, and gets a message and exit code 2. Everything else is a
mistake of ours, and the tests treat it as a failure.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import harness
from harness.cache import cache_folder

UNEXPECTED = 70  # EX_SOFTWARE of sysexits.h
FOLDER = "errors"  # of the log files, in the cache

# What the user can do about an error of the operating system.
_ADVICE = {
    errno.ENOSPC: "Free some space, and run the same command again",
    errno.EDQUOT: "Free some space, and run the same command again",
    errno.EROFS: "Choose a folder that can be written",
    errno.EACCES: "Check the permissions",
    errno.EPERM: "Check the permissions",
    errno.EMFILE: "Raise the limit of open files (ulimit -n), and run the same command again",
    errno.ENFILE: "Close other programs, and run the same command again",
    errno.ENOMEM: "Free some memory, and run the same command again",
    errno.EAGAIN: "Raise the limit of processes (ulimit -u), and run the same command again",
    errno.EIO: "Check the disk",
    errno.ENAMETOOLONG: "Choose a shorter name",
    errno.ELOOP: "Remove the link that points to itself",
    errno.ENOTDIR: "Check the path",
    errno.EISDIR: "Name a file",
    errno.EFBIG: "Raise the limit of file sizes (ulimit -f), or choose another disk",
}


def describe_system_error(error: BaseException) -> str | None:
    """One line about an error of the operating system or of memory; None for any other exception."""
    if isinstance(error, MemoryError):
        return "there is not enough memory. Free some, or use less data at once"
    if not isinstance(error, OSError) or error.errno not in _ADVICE:
        return None
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else ""
    place = f"{name[:120]}{'…' if len(name) > 120 else ''}: " if name else ""
    return f"{place}{os.strerror(error.errno)}. {_ADVICE[error.errno]}."


def describe_unexpected_error(error: BaseException) -> str:
    """One line about a mistake of ours, after its traceback was written to a log file."""
    text = " ".join(str(error).split())
    what = f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
    file = _write_log(error)
    if file is None:
        return f"bench failed unexpectedly ({what}), and the details could not be written"
    return f"bench failed unexpectedly ({what}). This is a bug: please report it with the file {file}"


def _write_log(error: BaseException) -> Path | None:
    head = [f"bench {harness.__version__}, Python {platform.python_version()}, {platform.platform()}", f"arguments: {sys.argv[1:]!r}"]
    try:
        lines = traceback.format_exception(error)
    except Exception:  # the text of a hostile exception may fail itself
        lines = [type(error).__name__]
    text = "\n".join([*head, "", *lines]).encode("utf-8", "replace")
    for folder in _log_folders():
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / f"bench-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(text)
            return file
    return None


def _log_folders() -> Iterator[Path]:
    with contextlib.suppress(Exception):
        yield cache_folder() / FOLDER
    yield Path(tempfile.gettempdir())
