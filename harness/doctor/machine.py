"""Checks of the machine: Python and packages, memory, disk space."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.doctor.finding import Finding, Status, format_bytes
from harness.errors import setting
from harness.measure import usable_cores
from harness.text import plural

_LOW_DISK, _LOW_MEMORY = 5e9, 4e9  # bytes
# Packages without which no run can start. The others serve a single format, metric or strategy.
_CORE = ("torch", "transformers", "peft", "accelerate", "numpy", "scipy", "pyarrow", "safetensors", "huggingface-hub", "click", "rich",
         "pydantic", "pyyaml", "jinja2", "rapidfuzz", "rouge-score")  # fmt: skip


def check_python() -> Iterator[Finding]:
    """Whether bench supports this version of Python."""
    from packaging.specifiers import SpecifierSet

    required = importlib.metadata.metadata("finetune-bench")["Requires-Python"] or ""
    version = platform.python_version()
    if SpecifierSet(required).contains(version, prereleases=True):
        yield Finding("python", "ok", f"{version} on {platform.system()} {platform.machine()}", needed=True)
    else:
        yield Finding(
            "python", "failed", f"{version} is not supported: bench needs {required}", "install bench with a newer Python", needed=True
        )


def check_packages() -> Iterator[Finding]:
    """Whether the installed packages are in the versions that bench supports."""
    from packaging.requirements import Requirement

    supported = []
    for line in importlib.metadata.requires("finetune-bench") or []:
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        name, versions = requirement.name, requirement.specifier
        needed = name in _CORE
        status: Status = "failed" if needed else "warning"
        hint = f"pip install '{name}{versions}'"
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding("packages", status, f"{name} is not installed", hint, needed)
            continue
        if versions.contains(version, prereleases=True):
            supported.append(f"{name} {version}")
        else:
            yield Finding("packages", status, f"{name} {version} is not supported: bench needs {versions}", hint, needed)
    important = [text for text in supported if text.split()[0] in ("torch", "transformers", "peft", "bitsandbytes", "datasets")]
    yield Finding(
        "packages", "ok", f"{plural(len(supported), 'package')} in supported versions, among them {', '.join(important)}", needed=True
    )


def check_memory() -> Iterator[Finding]:
    """The number of cores, and whether enough memory is free."""
    total, free = machine_memory()
    text = f"{usable_cores()} cores"
    if free is None or total is None:
        yield Finding("memory", "ok", f"{text}; this system does not report its memory")
        return
    text += f", {format_bytes(free)} of {format_bytes(total)} memory free"
    if free < _LOW_MEMORY:
        yield Finding("memory", "warning", text, "enough for small models only; close other programs, or use a machine with more memory")
    else:
        yield Finding("memory", "ok", text)


def machine_memory() -> tuple[int | None, int | None]:
    """(total, free) memory in bytes, within the limit of a container; None if the system does not report it."""
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
    except (OSError, ValueError):  # no limit: "max"
        return None


def check_disk(runs_dir: Path) -> Iterator[Finding]:
    """Whether the folder of runs is writable, and whether enough space is free."""
    folder = runs_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    choose_folder = f"choose another folder with {setting('runs_dir', 'DIR')}"
    if not folder.is_dir():
        yield Finding("disk", "failed", f"runs cannot be stored in {runs_dir}: {folder} is a file", choose_folder, needed=True)
        return
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        yield Finding("disk", "failed", f"{folder} is not writable: {error.strerror}", choose_folder, needed=True)
        return
    text = f"{format_bytes(free)} free for runs in {runs_dir}"
    is_low = free < _LOW_DISK
    hint = f"a run stores the weights of every strategy; free some space, or {choose_folder}" if is_low else ""
    yield Finding("disk", "warning" if is_low else "ok", text, hint, needed=True)
