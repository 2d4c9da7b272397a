"""The environment of a result: versions, machine, and state of the code."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from harness.plugins import get_plugin_versions

# Packages whose release can change a result; their versions are part of a cell's identity.
RESULT_PACKAGES = ("torch", "transformers", "tokenizers", "peft", "bitsandbytes", "accelerate", "numpy", "rouge-score", "sacrebleu")
# Our own code that can change the result of a cell; all other code only plans cells or reads their results.
_SOURCES = (
    "types", "catalog", "data", "metrics", "engine/models", "engine/prompts", "engine/inference", "engine/adapters", "engine/distributed",
    "engine/tuning", "engine/support", "engine/artifacts/loading.py", "engine/artifacts/shots_file.py", "grid/execution/cell_kinds.py",
    "grid/execution/worker.py",
    "grid/execution/cell_answering.py", "grid/execution/cell_run.py", "grid/execution/cell_training.py",
    "grid/execution/joint_training.py", "grid/execution/training_outcome.py", "grid/execution/partial_predictions.py",
    "grid/execution/scored_predictions.py", "grid/execution/stored_columns.py",
    "grid/execution/result_notes.py",
)  # fmt: skip
_LEAK_TEST_SOURCES = ("engine/leakage", "grid/execution/leak_test_run.py")
_TRIAL_SOURCES = ("grid/execution/trial_run.py",)
# What a host is asked, and how its answer is read.
_HOSTED_SOURCES = (
    "engine/hosted/all_questions.py", "engine/hosted/asking.py", "engine/hosted/chat_prompts.py", "engine/hosted/label_likelihood.py",
    "engine/hosted/request_body.py", "engine/served/replies.py", "grid/execution/hosted_cells.py",
)  # fmt: skip
# Which files of another trainer are used, and how.
_FOREIGN_SOURCES = ("engine/foreign/adapter_config.py", "engine/foreign/copied_files.py", "engine/foreign/own_tokenizer.py")
_CASCADE_SOURCES = (
    "grid/execution/cascade_run.py",
    "grid/execution/cascade_threshold.py",
    "grid/execution/cascades.py",
    "statistics/risk_control.py",
)


def get_result_versions() -> dict[str, str]:
    """The versions of the packages that can change a result, plug-ins included."""
    return {name: version for name in ("finetune-bench", *RESULT_PACKAGES) if (version := _version(name))} | get_plugin_versions()


def environment() -> dict[str, str]:
    """The provenance of a run: versions, system and processor, and the commit. It holds no user or host name."""
    return {**get_result_versions(), **_machine()}


@lru_cache(maxsize=1)
def _machine() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": cpu_name(),
        "cores": str(usable_cores()),
        **_git_state(),
    }


@lru_cache(maxsize=1)
def code_digest() -> str:
    """A sha256 of our own code that can change a result, because two commits may share a version number."""
    return _hash_sources(_SOURCES)


@lru_cache(maxsize=1)
def leak_test_digest() -> str:
    """A sha256 of our own code that can change only a result of the leak test."""
    return _hash_sources(_LEAK_TEST_SOURCES)


@lru_cache(maxsize=1)
def trial_digest() -> str:
    """A sha256 of our own code that can change only what a trial of a search measures."""
    return _hash_sources(_TRIAL_SOURCES)


@lru_cache(maxsize=1)
def hosted_digest() -> str:
    """A sha256 of our own code that can change only the result of a hosted model."""
    return _hash_sources(_HOSTED_SOURCES)


@lru_cache(maxsize=1)
def foreign_digest() -> str:
    """A sha256 of our own code that can change only the result of a strategy that uses weights of another trainer."""
    return _hash_sources(_FOREIGN_SOURCES)


@lru_cache(maxsize=1)
def cascade_digest() -> str:
    """A sha256 of our own code that can change only which answers a cascade keeps."""
    return _hash_sources(_CASCADE_SOURCES)


def _hash_sources(sources: Sequence[str]) -> str:
    package = Path(__file__).resolve().parents[1]
    paths = [package / source for source in sources]
    files = [file for path in paths for file in ([path] if path.suffix == ".py" else sorted(path.rglob("*.py")))]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(package).as_posix()}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def usable_cores() -> int:
    """The number of cores that this process may use; a container often has fewer than the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def cpu_name() -> str:
    """The name of the processor, as the system reports it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _git_state() -> dict[str, str]:
    """The commit of our own checkout and whether it has local changes; empty for an installed wheel."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return {}
    try:
        commit = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True)
        dirty = subprocess.run(["git", "-C", str(root), "status", "--porcelain"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"commit": commit.stdout.strip(), "dirty": "yes" if dirty.stdout.strip() else "no"}
