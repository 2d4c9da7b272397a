"""What a result was made with: versions, machine, state of the code."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from functools import lru_cache
from pathlib import Path

from harness.plugins import plugin_versions

# Those whose release can change a score; they are part of a cell's identity.
STACK = ("torch", "transformers", "tokenizers", "peft", "bitsandbytes", "accelerate", "numpy", "rouge-score", "sacrebleu")
# The code that can change the result of a cell; everything else only plans it or reads it.
_SOURCES = (
    "types", "catalog", "data", "metrics", "engine/models", "engine/prompts", "engine/tuning", "engine/inference",
    "grid/execution/worker.py", "grid/execution/partial_predictions.py",
)  # fmt: skip


def versions_that_matter() -> dict[str, str]:
    """Versions of the packages that can change a result; those with plug-ins are among them."""
    return {name: version for name in ("finetune-bench", *STACK) if (version := _version(name))} | plugin_versions()


@lru_cache(maxsize=1)
def environment() -> dict[str, str]:
    """Everything about this machine that belongs into a run's provenance; no user or host name."""
    found = versions_that_matter() | {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": _cpu_name(),
        "cores": str(usable_cores()),
    }
    return found | _git()


@lru_cache(maxsize=1)
def code_digest() -> str:
    """sha256 over our own code that can change a result: a version number alone does not tell one commit from the next."""
    package = Path(__file__).resolve().parents[1]
    places = [package / source for source in _SOURCES]
    files = [file for place in places for file in ([place] if place.suffix == ".py" else sorted(place.rglob("*.py")))]
    total = hashlib.sha256()
    for file in files:
        total.update(f"{file.relative_to(package).as_posix()}\0".encode() + file.read_bytes())
    return total.hexdigest()


def usable_cores() -> int:
    """Cores that this process may use (a container often has fewer than the machine)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _git() -> dict[str, str]:
    """The commit of the harness's own checkout and whether it was changed; nothing for an installed wheel."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return {}
    try:
        commit = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True)
        dirty = subprocess.run(["git", "-C", str(root), "status", "--porcelain"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"commit": commit.stdout.strip(), "dirty": "yes" if dirty.stdout.strip() else "no"}
