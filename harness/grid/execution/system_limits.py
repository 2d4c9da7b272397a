"""Recognizing that a process met a limit of its system: of memory (control group, `ulimit`, machine, GPU), or of its disk.

Every library has its own way to fail when an allocation or a write fails, and native code often only prints a line and ends the process.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import resource  # not on Windows

_TAIL_BYTES = 4096
# What the C library, the loader, C++, Rust, PyTorch, OpenMP, OpenBLAS and Python write. A thread needs memory for its stack.
_WORDS = re.compile(
    r"cannot allocate memory|can't allocate memory|not enough memory|out of memory|bad_alloc"
    r"|failed to map segment from shared object(?!: operation not permitted)"
    r"|memory allocation of \d+ bytes failed|memory allocation failed|failed to allocate|^MemoryError\b"
    r"|(?:thread creation|pthread_create) failed|can't start new thread",
    re.IGNORECASE | re.MULTILINE,
)


_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
# What Arrow and Rust write, with the number of the error.
_DISK_WORDS = re.compile(rf"(?:\[errno|os error|Os {{ code:) ({'|'.join(map(str, _DISK_ERRORS))})\b")


def find_disk_problem(error: BaseException) -> str | None:
    """Why nothing can be written: the disk is full or read-only, which is not a property of the cell. None for any other error."""
    number = find_disk_error(error)
    return None if number is None else os.strerror(number)


def find_disk_error(error: BaseException) -> int | None:
    """The system's number of the disk problem that `find_disk_problem` names."""
    for each in _chain(error):
        if isinstance(each, OSError) and each.errno in _DISK_ERRORS:
            return each.errno
        if number := _DISK_WORDS.search(str(each)):
            return int(number[1])
    return None


def is_memory_error(error: BaseException) -> bool:
    """Whether an allocation failed: in the exception, or in one that it was raised from or while handling."""
    import torch

    return any(
        isinstance(each, MemoryError | torch.cuda.OutOfMemoryError)
        or (isinstance(each, OSError) and each.errno == errno.ENOMEM)
        or (isinstance(each, RuntimeError | ImportError | OSError) and _WORDS.search(str(each)) is not None)
        for each in _chain(error)
    )


def free_device_memory() -> None:
    """Give back the memory of models and tensors that nothing refers to any more."""
    import gc

    import torch

    gc.collect()
    torch.cuda.empty_cache()


def mentions_memory(log: Path) -> bool:
    """Whether the last lines of the log of a process that ended without a result name failed allocations."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            return _WORDS.search(file.read().decode("utf-8", "replace")) is not None
    except OSError:
        return False


def count_memory_kills() -> int:
    """How often Linux's out-of-memory killer has acted: in this control group if that is known, else on the machine."""
    for counters in (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat")):
        for line in counters.read_text().splitlines() if counters.exists() else ():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


def peak_bytes(usage: resource.struct_rusage) -> int:
    """The most resident memory of a process that has ended."""
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def peak_of_children() -> int:
    """The most resident memory that a child of this process had, of those that have ended."""
    import resource

    return peak_bytes(resource.getrusage(resource.RUSAGE_CHILDREN))


def describe_peak(peak: int) -> str:
    """Ends a sentence about a process that was killed; empty if its memory is not known."""
    return f" when it had {peak / 1e9:.1f} GB" if peak else ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and each not in seen:
            seen.append(each)
            yield each
            waiting += [each.__cause__, each.__context__]
