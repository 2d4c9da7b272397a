"""Files that are written completely or not at all, even when the power fails."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from pathlib import Path

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700  # modes: only the user reads keys, and texts that may be what patients said
PARTIAL_FILES = ".*.part"  # glob of files that are being written, or were when their process was killed


def write_atomically(path: Path, write: Callable[[Path], None], *, private: bool = False) -> None:
    """Have `write` fill a temporary file beside `path`, flush it to disk, and rename it to `path`.

    Args:
        private: let only the user read the file.
    """
    remove_abandoned(path.parent, f".{glob.escape(path.name)}.*.part")
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if private:
            partial.touch(PRIVATE_FILE)
        write(partial)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        if error.errno is not None and error.filename is None:  # Arrow and torch do not say which file they could not write
            error.filename = str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)
    if os.name == "posix":  # the rename itself must survive a power failure, too
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def remove_abandoned(folder: Path, pattern: str) -> None:
    """Delete the temporary files of processes that were killed; in the names, the last number is the process."""
    if os.name != "posix":  # elsewhere, `os.kill` ends the process that it is asked about
        return
    for temporary in folder.glob(pattern):
        process = temporary.name.split(".")[-2]
        if process.isdecimal() and not _is_running(int(process)):
            temporary.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def make_private_folder(path: Path) -> None:
    """Create a folder that only the user can enter, and its parents; keep one that exists."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(PRIVATE_FOLDER, exist_ok=True)


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Write text as UTF-8. A lone surrogate, which UTF-8 cannot hold, becomes a question mark.

    Args:
        private: let only the user read the file.
    """

    def write(partial: Path) -> None:
        partial.write_bytes(text.encode("utf-8", "replace"))

    write_atomically(path, write, private=private)
