"""sha256 of files. Large files are hashed once per process, whichever thread is the first."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from io import RawIOBase
from pathlib import Path
from typing import TypeAlias

from harness.errors import BenchError

_REMEMBERED_FROM = 1 << 20  # bytes; smaller files take less time than it takes to use them
# Between two pieces, a thread waits until another lets go of Python's lock. Beside imports, 256 KiB (those of `hashlib.file_digest`) made
# hashing three times as slow.
_PIECE = 8 << 20
_SMALLEST_PIECE = 1 << 16  # some file systems say 0 bytes of every file
_SETTLED_SECONDS = 2  # a file that changed more recently may change again without a visible difference in its time stamps
_Identity: TypeAlias = tuple[int, ...]
_hashes: dict[_Identity, str] = {}
_locks: dict[_Identity, threading.Lock] = {}  # of large files: a thread that hashes one holds its lock
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_locks.clear)  # the threads that hold them are not there


def hash_file(path: Path, *, fresh: bool = False) -> str:
    """sha256 (hex) of a file's content.

    Args:
        fresh: read the file even if this process has hashed it before.

    Raises:
        BenchError: the file is missing or cannot be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise BenchError(f"{path}: is not a file")
        with path.open("rb", buffering=0) as stream:
            stat = path.stat()
            identity = _identity(stat)
            is_large = stat.st_size >= _REMEMBERED_FROM
            with _locks.setdefault(identity, threading.Lock()) if is_large else nullcontext():
                if not fresh and identity in _hashes:
                    return _hashes[identity]
                digest = _digest(stream, min(stat.st_size + _SMALLEST_PIECE, _PIECE))
                if is_large and _is_settled(stat):
                    _hashes[identity] = digest
    except FileNotFoundError:
        raise BenchError(f"{path}: is missing") from None
    except OSError as error:
        raise BenchError(f"{path}: cannot be read: {error.strerror}") from None
    return digest


def hash_in_background(paths: Iterable[Path], threads: int = 1) -> None:
    """Begin to hash large files; `hash_file` then has their hashes, or waits for them. What cannot be read is left to `hash_file`.

    The threads end with the process, however much is left to read. Without threads, nothing is hashed here.

    Args:
        paths: in their order. They may be found only when a thread asks for the next one.
    """
    waiting, one_at_a_time = iter(paths), threading.Lock()

    def take() -> Path | None:
        with one_at_a_time:
            return next((path for path in waiting if _is_worth_hashing(path)), None)

    def run() -> None:
        while path := take():
            with suppress(BenchError):
                hash_file(path)

    with suppress(RuntimeError):  # the system allows no more threads
        for _ in range(threads):
            threading.Thread(target=run, name="sha256 of files", daemon=True).start()


def describe_damage(path: Path, expected: str, recorded_in: str, *, fresh: bool = False) -> str:
    """Why a file is not as it was recorded, as the end of a sentence; empty if it is.

    Args:
        expected: its sha256 (hex).
        recorded_in: the name of the file that records it.
        fresh: as for `hash_file`.
    """
    if not path.is_file():
        return "is missing"
    digest = hash_file(path, fresh=fresh)
    return "" if digest == expected else f"is damaged: its sha256 is {digest[:16]}…, and {recorded_in} has {expected[:16]}…"


def _digest(stream: RawIOBase, piece: int) -> str:
    """sha256 (hex) of what can be read, so many bytes at a time."""
    total, buffer = hashlib.sha256(), bytearray(piece)
    view = memoryview(buffer)
    while count := stream.readinto(buffer):
        total.update(view[:count])
    return total.hexdigest()


def _identity(stat: os.stat_result) -> _Identity:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _is_settled(stat: os.stat_result) -> bool:
    return time.time() - max(stat.st_mtime, stat.st_ctime) > _SETTLED_SECONDS


def _is_worth_hashing(path: Path) -> bool:
    """Whether the hash of a file would be kept, and is not known yet."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return False
    return stat.st_size >= _REMEMBERED_FROM and _is_settled(stat) and _identity(stat) not in _hashes
