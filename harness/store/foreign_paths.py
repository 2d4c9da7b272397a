"""Names and paths that come from a file: a run, a registry or a packet may have been made by a stranger.

This is the only place that decides which of them may become a part of a path, and what a folder from outside may contain.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from harness.errors import BenchError

# One part of a path: no separator, no leading dot, nothing that a terminal or another operating system obeys.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=+@-]{0,127}")


def find_name_problem(name: str) -> str:
    """Why a name from a file cannot become the name of a file or folder; empty if it can."""
    if _NAME.fullmatch(name):
        return ""
    return f"{name[:80]!r} cannot be the name of a file: use up to 128 letters, digits and ._=+@-, and begin with a letter or a digit"


def resolve_inside(folder: Path, relative: str) -> Path:
    """The path below `folder` that a file names.

    Raises:
        BenchError: the path is absolute, leaves the folder, or passes through a link.
    """
    parts = PurePosixPath(relative).parts
    is_relative = bool(parts) and not PurePosixPath(relative).is_absolute() and not PureWindowsPath(relative).drive
    if not is_relative or any(find_name_problem(part) for part in parts):
        raise BenchError(f"{folder}: the path {relative[:80]!r} does not stay inside this folder. Do not use the file that names it.")
    path = folder
    for part in parts:
        path /= part
        if path.is_symlink():
            raise BenchError(f"{path}: is a link, which could lead outside of {folder}. Replace it with what it points to.")
    return path


def refuse_links(folder: Path) -> None:
    """Check that a folder holds only files and folders: a link could lead anywhere, and reading a pipe would never end.

    Hard links are files like any other: runs share finished cells in this way.

    Raises:
        BenchError: there is a link, a pipe, a socket or a device in it.
    """
    for entry in _walk(str(folder)):
        kind = "link" if entry.is_symlink() else "pipe, socket or device"
        advice = "Replace it with the file it points to, if you trust it." if kind == "link" else "Delete it."
        raise BenchError(f"{entry.path}: is a {kind}, and {folder.name} may hold only files and folders. {advice}")


def _walk(folder: str) -> Iterator[os.DirEntry[str]]:
    """Every entry below the folder that is neither a file nor a folder. Without recursion: a stranger decides how deep it is."""
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    pending.append(entry.path)
                elif not stat.S_ISREG(mode):
                    yield entry
