"""The folder that an export is written to: checked beforehand, filled beside its place, renamed when it is complete."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from harness.engine.artifacts.exports.model_card import CARD_TAGS
from harness.engine.artifacts.exports.prompt_file import PromptParts
from harness.errors import BenchError, first_line, setting
from harness.results import FinishedCell

Completion: TypeAlias = Callable[[Path, PromptParts], None]
"""Adds files to the folder of an export that is not in its place yet."""


@dataclass(frozen=True)
class Exported:
    """What was written. `notes` are sentences about what was done and checked."""

    folder: Path
    finished: FinishedCell
    notes: tuple[str, ...] = ()


def check_target(folder: Path, *, force: bool) -> None:
    """Check that an export can be written to the folder, before any work is done.

    With `force`, an earlier export is replaced, but nothing else: a mistyped path must not delete other files.

    Raises:
        BenchError: it is a file, is not empty, is inside a run, or its parent does not exist.
    """
    target = Path(os.path.abspath(folder))
    if not target.parent.is_dir():
        raise BenchError(f"{folder}: cannot be created, because the folder {target.parent} does not exist")
    run = next((parent for parent in (target, *target.parents) if (parent / "run.json").is_file()), None)
    if run is not None:
        raise BenchError(f"{folder}: is inside the run {run.name}, which must not change. Name a folder outside it.")
    if not os.path.lexists(target):
        return
    if not target.is_dir() or target.is_symlink():
        raise BenchError(f"{folder}: already exists and is not a folder. Name another one.")
    entries = sorted(entry.name for entry in target.iterdir())
    if entries and not force:
        raise BenchError(
            f"{folder}: is not empty (it contains {entries[0]}). Name a new folder, or replace an earlier export with {setting('force')}."
        )
    if entries and not _is_export(target):
        raise BenchError(f"{folder}: was not written by bench export, so {setting('force')} does not replace it. Name another folder.")


def _is_export(folder: Path) -> bool:
    try:
        return CARD_TAGS in (folder / "README.md").read_text(encoding="utf-8").splitlines()[:8]
    except (OSError, UnicodeDecodeError):
        return False


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside `target`; it replaces `target` on success and is deleted on failure.

    Raises:
        BenchError: it cannot be written.
    """
    from safetensors import SafetensorError

    target = Path(os.path.abspath(target))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    replaced = target.with_name(f".{target.name}.{os.getpid()}.former")
    try:
        part.mkdir()
        mode = part.stat().st_mode
        yield part
        _follow_umask(part, mode)
        if target.is_dir():
            target.rename(replaced)
        part.rename(target)
    except OSError as error:
        raise BenchError(f"{target}: cannot be written: {error.strerror or first_line(error)}") from None
    except SafetensorError as error:  # it has the number of the system's error in its text alone
        number = re.search(r"os error (\d+)", str(error))
        raise BenchError(f"{target}: cannot be written: {os.strerror(int(number[1])) if number else first_line(error)}") from None
    finally:
        if replaced.is_dir() and not target.exists():
            replaced.rename(target)
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)


def _follow_umask(folder: Path, mode: int) -> None:
    """Give files and folders the modes that the user's umask asks for: a run's files are private, and an export is made to be shared.

    Args:
        mode: the mode of a folder that was just created.
    """
    for path in folder.rglob("*"):
        path.chmod(mode & 0o777 if path.is_dir() else mode & 0o666)
