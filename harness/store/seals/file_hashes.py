"""sha256 of files. Large files are hashed once per process."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from harness.errors import BenchError

_REMEMBERED_FROM = 1 << 20  # bytes; smaller files take less time than it takes to use them
_SETTLED_SECONDS = 2  # a file that changed more recently may change again without a visible difference in its time stamps
_hashes: dict[tuple[int, ...], str] = {}


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
        with path.open("rb") as stream:
            stat = path.stat()
            identity = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            if not fresh and identity in _hashes:
                return _hashes[identity]
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        raise BenchError(f"{path}: is missing") from None
    except OSError as error:
        raise BenchError(f"{path}: cannot be read: {error.strerror}") from None
    if stat.st_size >= _REMEMBERED_FROM and time.time() - max(stat.st_mtime, stat.st_ctime) > _SETTLED_SECONDS:
        _hashes[identity] = digest
    return digest


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
