"""The peak memory of a phase, in bytes."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from pathlib import Path

from harness.measure.freed_memory import return_freed_memory

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_MAPS, _SMAPS = Path("/proc/self/maps"), Path("/proc/self/smaps")
_SIZES = re.compile(r"^(VmHWM|RssFile):\s+(\d+) kB$", re.MULTILINE)
_LIBRARY_NAME = rb"\.so(?:\.[0-9]+)*(?: \(deleted\))?"
_FILE = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) [^/\n]* /.*?(" + _LIBRARY_NAME + rb")?$", re.MULTILINE)  # see proc_pid_maps(5)
# A mapped library, with what is resident of it, and what of that is the process's own copy; see proc_pid_smaps(5).
_LIBRARY = re.compile(
    rb"^[0-9a-f]+-[0-9a-f]+ .*" + _LIBRARY_NAME + rb"\n(?:.*\n)*?Rss: +([0-9]+) kB\n(?:.*\n)*?Anonymous: +([0-9]+) kB$", re.MULTILINE
)
_SAME = 4 * 2**20  # bytes by which the libraries of a process may grow before they are looked up again


def reset_peak_memory(device: str) -> None:
    """Start to measure a new peak: on a CPU, without what has been freed before, which the C library may still hold."""
    if device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
    elif device == "cpu" and _CLEAR.exists():
        return_freed_memory()
        try:
            _CLEAR.write_text("5")  # resets the high-water mark of the resident set, see proc(5)
        except OSError:
            return  # some containers do not allow it; the peak of the whole process is then an upper bound


def peak_memory(device: str) -> tuple[int | None, int | None]:
    """The peak: (allocated, reserved) on a GPU, (resident memory, None) on a CPU; None where the system does not report it.

    On Linux, resident memory is without the files of libraries: processes share their pages, and the system drops them where memory is
    short. How many are resident depends on when the packages were installed: reading files that were written minutes before, Linux mapped
    70 MiB more than after their pages had been dropped and read again. They are counted at the end: of a library that was loaded after the
    peak, the peak is too low by its pages.

    Metal reports no peak of allocated memory. On the GPU of a Mac, only the memory that its driver holds for the process is known, which
    torch keeps until it is needed elsewhere; as reserved memory, it is that of all phases so far.
    """
    if device == "cuda":
        import torch

        return torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
    if device == "mps":
        import torch

        return None, torch.mps.driver_allocated_memory()
    if _STATUS.exists():
        sizes = {name: int(size) * 1024 for name, size in _SIZES.findall(_STATUS.read_text())}
        if "VmHWM" in sizes:
            return sizes["VmHWM"] - _library_bytes(sizes.get("RssFile", 0)), None
    if sys.platform != "win32":
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak * (1 if sys.platform == "darwin" else 1024), None
    return None, None


def _library_bytes(resident: int) -> int:
    """Resident bytes of the files of libraries; 0 where the system does not tell.

    Args:
        resident: bytes of all mapped files that are resident.
    """
    try:
        files = [(int(end, 16) - int(start, 16), library) for start, end, library in _FILE.findall(_MAPS.read_bytes())]
        mapped = sum(size for size, library in files if library)
        others = sum(size for size, library in files if not library)
        return _look_up_library_bytes(mapped, (resident - others) // _SAME)
    except OSError:
        return 0


@lru_cache(maxsize=1)  # what was true earlier may have the same estimate: a file that is mapped lowers it, as far as it is not resident
def _look_up_library_bytes(_mapped: int, _estimate: int) -> int:
    """Resident bytes of the files of libraries, which takes the system 30 ms to list. With the same arguments as the last time, it has the
    same answer, without a list.

    Args:
        _mapped: bytes of these files that are mapped, resident or not.
        _estimate: what remains of the resident bytes of all files if the others are resident as a whole.
    """
    return sum(int(resident) - int(own) for resident, own in _LIBRARY.findall(_SMAPS.read_bytes())) * 1024
