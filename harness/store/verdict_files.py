"""Where a run keeps the gate's verdicts on its models, their approvals, and what judges have said about outputs: <time>-<number>.json in
gates/, approvals/ and judges/.

There is one file for each, never changed, with its own digest.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

from harness.errors import BenchError
from harness.store.added_files import adding, check_added, check_listed
from harness.store.atomic import PARTIAL_FILES, make_private_folder, remove_abandoned
from harness.store.seals import read_sealed, write_sealed

T = TypeVar("T")
VERDICTS, APPROVALS, JUDGES = "gates", "approvals", "judges"  # folders in a run


def add_verdict_file(run: Path, kind: type[T], verdict: T, *, at: str, folder: str = VERDICTS) -> Path:
    """Store a verdict of this type, or what another folder is for, in the folder of its run.

    Args:
        at: when it was made, in ISO 8601.

    Returns:
        The new file, which `read_verdict_file` reads.

    Raises:
        OSError: the folder cannot be written.
        BenchError: there are too many verdicts of the same second, or the list of added files is damaged.
    """
    place = run / folder
    make_private_folder(place)
    remove_abandoned(place, PARTIAL_FILES)
    stem = re.sub(r"[^0-9T]", "", at[:19])
    with adding(run) as files:
        for number in range(1, 10_000):
            path = place / f"{stem}-{number:04d}.json"
            if not path.exists():  # otherwise, another gate finished in the same second
                files.announce(path)
                write_sealed(path, kind, verdict, place=_place(path))
                files.record(path)
                return path
    raise BenchError(f"{place}: holds too many files of the same second")


def list_verdict_files(run: Path, *, folder: str = VERDICTS) -> list[Path]:
    """The stored verdicts, or the files of another such folder, oldest first.

    Raises:
        BenchError: one is missing, or the list of added files is damaged.
    """
    check_added(run, f"{folder}/")
    return sorted((run / folder).glob("*.json"))


def read_verdict_file(file: Path, kind: type[T], *, advice: str) -> T:
    """Read a stored verdict.

    Raises:
        BenchError: it is missing, damaged, in another file's place, or not the file that was added.
    """
    verdict = read_sealed(file, kind, place=_place(file), advice=advice)
    check_listed(file.parent.parent, file)
    return verdict


def _place(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"
