"""Reading a file of which no more than its format needs is taken into memory."""

from __future__ import annotations

from pathlib import Path

from harness.errors import BenchError


def read_bounded(path: Path, limit: int, *, too_large: str, shown: str | None = None) -> bytes:
    """The content of a file.

    Args:
        limit: the largest accepted size, in bytes; one byte more is read at most.
        too_large: what is wrong with a larger file, and what to do, without its name.
        shown: its name in messages; by default, its path.

    Raises:
        BenchError: the file cannot be read, or is larger.
    """
    shown = str(path) if shown is None else shown
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise BenchError(f"{shown}: cannot be read: {error.strerror}") from None
    if len(content) > limit:
        raise BenchError(f"{shown}: {too_large}")
    return content
