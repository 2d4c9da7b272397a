"""Decisions of finished runs, kept in the cache folder: computing one takes seconds, and a list shows dozens.

A stored decision belongs to the content of the files that it was computed from, and to the code that computed it. Where any of these
differs, or the stored file is damaged, the decision is computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from harness.archive.run_summary import DecidedTask
from harness.cache import cache_folder
from harness.errors import BenchError
from harness.store import RunFolder, hash_file, make_private_folder, read_sealed, write_sealed

FOLDER = "decisions"  # in the cache
_NOT_READ = ("work", "report.html", "audit.html", ".lock", ".lock-holder")  # by a decision, in a run's folder
_NOT_READ_IN_CELLS = ("artifact", "checkpoint", "log.txt")


@dataclass(frozen=True)
class _StoredDecisions:
    tasks: tuple[DecidedTask, ...]


def compute_key(folder: RunFolder) -> str:
    """sha256 (hex) of everything that the decisions of a run depend on.

    Raises:
        BenchError: a file cannot be read.
    """
    total = hashlib.sha256(_digest_code().encode())
    total.update(f"{folder.path.resolve().name}\0".encode("utf-8", "replace"))  # stored verdicts name their run
    for place in sorted(_list_inputs(folder.path)):
        total.update(f"{place}\0{hash_file(folder.path / place)}\n".encode("utf-8", "replace"))
    return total.hexdigest()


def read_decisions(key: str) -> tuple[DecidedTask, ...] | None:
    """The decisions that were stored under this key; None where there are none, or the file is damaged."""
    file = _file(key)
    if not file.is_file():
        return None
    try:
        return read_sealed(file, _StoredDecisions, place=_place(key), advice="").tasks
    except BenchError:
        return None


def write_decisions(key: str, tasks: tuple[DecidedTask, ...]) -> None:
    """Store decisions; nothing happens where the cache cannot be written."""
    with contextlib.suppress(OSError):
        make_private_folder(_file(key).parent)
        write_sealed(_file(key), _StoredDecisions, _StoredDecisions(tasks), place=_place(key))


def _file(key: str) -> Path:
    return cache_folder() / _place(key)


def _place(key: str) -> str:
    return f"{FOLDER}/{key}.json"


def _list_inputs(run: Path) -> Iterator[str]:
    """The paths in a run of the files that a decision reads, and of a few more."""
    for path in run.rglob("*"):
        parts = path.relative_to(run).parts
        is_left_out = parts[0] in _NOT_READ or (parts[0] == "cells" and len(parts) > 2 and parts[2] in _NOT_READ_IN_CELLS)
        if not is_left_out and path.is_file():
            yield path.relative_to(run).as_posix()


@lru_cache(maxsize=1)
def _digest_code() -> str:
    """sha256 (hex) that changes with the code of this package and with the libraries that it computes with."""
    package = Path(__file__).parents[1]
    files = sorted(file for file in package.rglob("*") if file.suffix in (".py", ".yaml"))
    sources = [f"{file.relative_to(package).as_posix()} {hash_file(file)}" for file in files]
    libraries = [f"{name} {version(name)}" for name in ("numpy", "scipy", "scikit-learn", "sacrebleu", "rouge-score")]
    return hashlib.sha256("\n".join([*sources, *libraries]).encode()).hexdigest()
