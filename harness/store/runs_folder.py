"""The folder of all runs: making a run, finding one to go on with, and cells that need not run again."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from harness.errors import BenchError, did_you_mean
from harness.store.json_files import read_json
from harness.store.lock import RunLock
from harness.store.run_folder import CellFolder, RunFolder
from harness.store.run_plan import RunPlan
from harness.store.stored_run import StoredRun
from harness.types import CellResult


def create_run(runs: Path, plan: RunPlan) -> RunFolder:
    """A new run folder `<date-time>-<tasks>-<short hash>` with nothing in it yet.

    Raises:
        BenchError: when the folder of runs cannot be written.
    """
    stamp = re.sub(r"[^0-9T]", "", plan.created[:19]).replace("T", "-")
    tasks = "+".join(plan.tasks)[:40]
    try:
        runs.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):
            suffix = "" if number == 1 else f"-{number}"
            path = runs / f"{stamp}-{tasks}-{plan.digest[:8]}{suffix}"
            try:
                path.mkdir()
            except FileExistsError:
                continue
            return RunFolder(path)
    except OSError as error:
        raise BenchError(f"{runs}: cannot hold runs: {error.strerror}. Name another folder with --runs-dir.") from None
    raise BenchError(f"{runs}: too many runs of the same plan in the same second")


def open_run(runs: Path, name: str) -> StoredRun:
    """A run by its path, its name in the folder of runs, or `latest`.

    Raises:
        BenchError: when there is none.
    """
    path = Path(name)
    if (path / "run.json").is_file():
        return StoredRun(RunFolder(path))
    known = {folder.path.name: folder for folder in _folders(runs)}
    if name == "latest" and known:
        return StoredRun(_newest_first(runs)[0])
    if name not in known:
        if path.is_dir():
            raise BenchError(f"{path}: is no run folder (it has no run.json)")
        raise BenchError(f"there is no run '{name}' in {runs}.{did_you_mean(name, known)}")
    return StoredRun(known[name])


def find_unfinished(runs: Path, digest: str) -> RunFolder | None:
    """The newest run of the same plan that has not ended: cells are missing, or it was killed before it dropped its training rows.

    One that another process is working on counts too: starting the same cells beside it would do the work twice.
    """
    for folder in _newest_first(runs):
        try:
            run = StoredRun(folder)
        except BenchError:
            continue  # another version's or a damaged run must not stop a new one
        ended = run.finished and not folder.holds_training_rows() and not RunLock(folder.path).held_elsewhere()
        if run.plan.digest == digest and not ended:
            return folder
    return None


def find_finished_cell(runs: Path, cell_id: str, other_than: Path) -> CellFolder | None:
    """A cell with this id that is done, in any other run."""
    for folder in _folders(runs):
        cell = folder.cell(cell_id)
        if folder.path != other_than and cell.whole():
            with contextlib.suppress(BenchError):  # a damaged one is no reason not to run
                if cell.result().status == "done":
                    return cell
    return None


def reuse_cell(source: CellFolder, target: CellFolder, result: CellResult) -> None:
    """Bring a finished cell into another run, with `result` as its outcome there; its `cell.json` arrives last.

    Files are linked where the file system can: they are never changed after they are written, only replaced.
    """
    shutil.rmtree(target.path, ignore_errors=True)
    shutil.copytree(source.path, target.path, copy_function=_link_or_copy, ignore=shutil.ignore_patterns("cell.json", "checkpoint"))
    target.finish(result)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _newest_first(runs: Path) -> list[RunFolder]:
    """By the time in `run.json`: people rename folders."""
    return sorted(_folders(runs), key=lambda folder: (_created(folder), folder.path.name), reverse=True)


def _created(folder: RunFolder) -> float:
    """Seconds since 1970; 0 where the file does not tell."""
    try:
        return datetime.fromisoformat(read_json(folder.path / "run.json")["created"]).timestamp()
    except (BenchError, KeyError, TypeError, ValueError):
        return 0.0


def _folders(runs: Path) -> Iterator[RunFolder]:
    if runs.is_dir():
        for path in runs.iterdir():
            if (path / "run.json").is_file():
                yield RunFolder(path)
