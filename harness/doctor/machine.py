"""What the machine has: Python and packages, memory, room on the disk, the device."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.doctor.finding import Finding, Status, amount
from harness.engine.models import find_device
from harness.measure import usable_cores

_LITTLE_DISK, _LITTLE_MEMORY = 5e9, 4e9  # bytes
# What a run cannot start without; the other requirements serve one format, one metric or one strategy.
_CORE = ("torch", "transformers", "peft", "accelerate", "numpy", "scipy", "pyarrow", "safetensors", "huggingface-hub", "click", "rich",
         "pydantic", "pyyaml", "jinja2", "rapidfuzz", "rouge-score")  # fmt: skip


def python() -> Iterator[Finding]:
    """The version of Python against the one that bench needs."""
    from packaging.specifiers import SpecifierSet

    wanted = importlib.metadata.metadata("finetune-bench")["Requires-Python"] or ""
    version = platform.python_version()
    if SpecifierSet(wanted).contains(version, prereleases=True):
        yield Finding("python", "ok", f"{version} on {platform.system()} {platform.machine()}", needed=True)
    else:
        yield Finding("python", "failed", f"{version}, and bench needs {wanted}", "install bench with a newer Python", needed=True)


def packages() -> Iterator[Finding]:
    """The installed packages against the ranges that bench is made for."""
    from packaging.requirements import Requirement

    fine = []
    for line in importlib.metadata.requires("finetune-bench") or []:
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        needed = wanted.name in _CORE
        wrong: Status = "failed" if needed else "warning"
        hint = f"pip install '{wanted.name}{wanted.specifier}'"
        try:
            version = importlib.metadata.version(wanted.name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding("packages", wrong, f"{wanted.name} is not installed", hint, needed)
            continue
        if wanted.specifier.contains(version, prereleases=True):
            fine.append(f"{wanted.name} {version}")
        else:
            yield Finding("packages", wrong, f"{wanted.name} is {version}, and bench is made for {wanted.specifier}", hint, needed)
    shown = [name for name in fine if name.split()[0] in ("torch", "transformers", "peft", "bitsandbytes", "datasets")]
    yield Finding("packages", "ok", f"{len(fine)} as required: {', '.join(shown)}", needed=True)


def memory() -> Iterator[Finding]:
    """Cores and free memory."""
    total, free = machine_memory()
    text = f"{usable_cores()} cores"
    if free is None or total is None:
        yield Finding("memory", "ok", f"{text}; how much memory there is, this system does not tell")
        return
    text += f", {amount(free)} of {amount(total)} memory free"
    if free < _LITTLE_MEMORY:
        yield Finding("memory", "warning", text, "enough for small models only: close other programs, or take a larger machine")
    else:
        yield Finding("memory", "ok", text)


def machine_memory() -> tuple[int | None, int | None]:
    """(all memory, what is free) in bytes, as far as a container's limit allows; None where the system does not tell."""
    info = Path("/proc/meminfo")
    if not info.exists():
        names = getattr(os, "sysconf_names", {})
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if "SC_PHYS_PAGES" in names else None
        return pages, pages
    lines = dict(line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
    total, free = (int(lines[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    limit, used = (_number(Path("/sys/fs/cgroup") / name) for name in ("memory.max", "memory.current"))
    if limit is not None and limit < total:
        return limit, min(free, limit - (used or 0))
    return total, free


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # no such limit: "max"
        return None


def disk(runs_dir: Path) -> Iterator[Finding]:
    """Whether the folder of the runs can be written, and the room that it has."""
    place = runs_dir.absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        yield Finding("disk", "failed", f"{place} is a file, and the runs go to {runs_dir}", "name another folder: --runs-dir", needed=True)
        return
    try:
        with tempfile.TemporaryFile(dir=place):
            free = shutil.disk_usage(place).free
    except OSError as error:
        text = f"no file can be written in {place}: {error.strerror}"
        yield Finding("disk", "failed", text, "name another folder: --runs-dir", needed=True)
        return
    text = f"{amount(free)} free for the runs in {runs_dir}"
    little = free < _LITTLE_DISK
    hint = "a run keeps the weights of every strategy: make room, or name another folder with --runs-dir" if little else ""
    yield Finding("disk", "warning" if little else "ok", text, hint, needed=True)


def device() -> Iterator[Finding]:
    """The GPU with its memory and driver, or the CPU; and a GPU that torch does not see."""
    import torch

    device = find_device()
    if device.kind == "cuda":
        memory = torch.cuda.get_device_properties(0).total_memory
        text = f"{device.name}, {amount(memory)}, driver {_driver() or 'unknown'}, CUDA {torch.version.cuda}"
        yield Finding("device", "ok", text, needed=True)
        return
    yield Finding("device", "ok", f"no GPU is used: everything runs on the CPU ({device.name})", needed=True)
    if driver := _driver():
        hint = "this torch is built without CUDA, or cannot use it: see https://pytorch.org/get-started for the one that fits"
        yield Finding("device", "warning", f"there is an NVIDIA driver ({driver}), but torch {torch.__version__} finds no GPU", hint)


def _driver() -> str | None:
    try:
        import pynvml

        pynvml.nvmlInit()
        version = pynvml.nvmlSystemGetDriverVersion()
    except Exception:  # no driver, or the package is not there
        return None
    return version.decode() if isinstance(version, bytes) else str(version)
